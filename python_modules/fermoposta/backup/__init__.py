"""
Backups of a whole host, and the proof that they can be restored.

* `stage`        a copy of the mail store as it is at one moment for each mailbox, while mail flows
* `databases`    dumps of one snapshot, and a digest of each table of the same snapshot
* `instance`     Dovecot, and PostgreSQL where wanted, apart from the host's own
* `manifest`     what a backup has: messages, tables, files; and what differs
* `repository`   where backups are kept (restic)
* `take`, `drill`, `back`    the three things that are done with them
"""
