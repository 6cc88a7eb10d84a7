"""
What people have elsewhere comes here: mail, appointments, tasks and contacts, without a loss.

* `source`       what all sources have in common; `sources` has one file for each kind
* `journal`      what was done, item by item: an import goes on where it was, and adds nothing twice
* `mail`, `calendar`, `contacts`     where things are put
* `run`          the import itself, and its manifest: what the source had, what is here, what was
                 refused and why
"""
