"""What opens a mailbox beside its password: sessions of the webmail, and passwords of programs."""
