#!/usr/bin/python3
"""Tell a user, in their language, that their mailbox is nearly full.

Dovecot runs this as the mail store's user with the percentage, the address and the language.
"""

import subprocess
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

TEXTS = {
    "it": (
        "La casella è piena al {percent} %",
        (
            "La casella {address} è piena al {percent} %.\n\n"
            "Quando sarà piena, i nuovi messaggi torneranno al mittente.\n"
            "Eliminate i messaggi che non servono più e svuotate la cartella «Posta eliminata»,\n"
            "oppure chiedete più spazio al vostro amministratore.\n"
        ),
    ),
    "en": (
        "Your mailbox is {percent}% full",
        (
            "The mailbox {address} is {percent}% full.\n\n"
            "Once it is full, new messages will go back to their senders.\n"
            "Delete what you no longer need and empty the folder “Trash”,\n"
            "or ask your administrator for more space.\n"
        ),
    ),
}


def warning(percent: str, address: str, language: str) -> EmailMessage:
    """Give the message that warns the user at *address*."""
    subject, body = TEXTS.get(language, TEXTS["en"])
    message = EmailMessage()
    message["From"] = f"postmaster@{address.rpartition('@')[2]}"
    message["To"] = address
    message["Subject"] = subject.format(percent=percent)
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5
    message.set_content(body.format(percent=percent, address=address))
    return message


def main() -> None:
    """Deliver the warning past the quota, which it must not be stopped by."""
    percent, address, language = (*sys.argv[1:4], "en")[:3]
    subprocess.run(
        ["/usr/lib/dovecot/dovecot-lda", "-d", address, "-o", "quota_enforce=no"],
        input=bytes(warning(percent, address, language)),
        check=True,
    )


if __name__ == "__main__":
    main()
