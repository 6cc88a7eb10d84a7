"""Documentation that the modules share."""


class ModuleDocFragment:
    """What all modules of the collection have in common, and what some of them have."""

    DOCUMENTATION = r"""
options:
  adopt:
    description:
      - Take over records that were made in the portal and are declared here.
      - Without it a declared record that the portal owns and has otherwise is a problem.
    type: bool
    default: false
  allow_removal:
    description:
      - Kinds of which more than a tenth may be removed at once.
      - Without it such a run is refused, since it is more often a wrong path than a wish.
    type: list
    elements: str
    choices:
      - companies
      - domains
      - users
      - resources
      - aliases
      - groups
      - send_as
      - delegations
      - grants
      - allowed_domains
      - junk_rules
      - rules
      - out_of_office
      - device_policies
      - device_access
      - pictures
      - certificates
    default: []
  config:
    description: Configuration of the host's services, which says where the database is.
    type: path
    default: /etc/fermoposta/fermoposta.yml
requirements:
  - fermoposta, as the role C(application) installs it below C(/opt/fermoposta/venv)
attributes:
  check_mode:
    description: Can run in check mode and says exactly what a run would change.
    support: full
  diff_mode:
    description: Shows each record that changes, before and after; of passwords only that they do.
    support: full
  platform:
    description: Runs on the mail host, by the interpreter of its virtual environment.
    support: full
    platforms: debian
author:
  - The Fermoposta authors (@fermoposta)
"""

    EXCLUSIVE = r"""
options:
  exclusive:
    description:
      - Whether what the inventory owns of this kind, and is not listed, is removed.
      - With C(false) only what is listed is made or changed.
    type: bool
    default: true
"""

    PASSWORDS = r"""
options:
  update_password:
    description:
      - With V(on_create) a password is used when its user is made, and never again.
      - With V(always) it is compared, and set where it differs.
    type: str
    choices: [on_create, always]
    default: on_create
"""

    RETURN = ""
