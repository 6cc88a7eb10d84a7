"""
Mailboxes at Dovecot by IMAP, for services that are asynchronous.

* ``frame``       bytes into answers (no I/O)
* ``parse``       answers into values (no I/O)
* ``command``     values into commands (no I/O)
* ``utf7``        names of folders
* ``connection``  one connection: commands, their answers, time limits
* ``login``       how it is opened and closed
* ``pool``        the few connections of one user
* ``access``      which of them is asked, and when it is asked again
* ``listing``, ``reading``, ``writing``, ``watching``  what is asked
* ``mailbox``     all of it as a `fermoposta.mailstore.mailbox.Mailbox`
"""

from fermoposta.mailstore.aioimap.login import Server
from fermoposta.mailstore.aioimap.mailbox import ImapMailbox, connect, verify

__all__ = ["ImapMailbox", "Server", "connect", "verify"]
