"""`fermoposta`, the command on the host: a door to the directory, like the portal and Ansible."""

from fermoposta.cli.app import main

__all__ = ["main"]
