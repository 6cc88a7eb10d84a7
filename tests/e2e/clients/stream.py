"""Mail that is sent without a pause, and what became of it."""

from __future__ import annotations

import collections
import threading
import time
from typing import TYPE_CHECKING, Self

from clients.mail import compose, token
from clients.waiting import wait_for

if TYPE_CHECKING:
    import smtplib

    from clients.mail import Mail
    from fermoposta_demo.appliance import Account


class Stream:
    """Messages sent one after the other from a thread, and which of them were accepted."""

    def __init__(self, mail: Mail, sender: Account, to: Account) -> None:
        self.subject = token()
        self.accepted: list[str] = []
        self._mail = mail
        self._sender = sender
        self._to = to
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_for("the first message", lambda: self.accepted)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop sending."""
        self._stop.set()
        self._thread.join(120)

    def _run(self) -> None:
        # One session as long as it lasts: log-ins are limited. What was not accepted may be lost.
        while not self._stop.is_set():
            try:
                with self._mail.submission(self._sender) as client:
                    while not self._stop.is_set():
                        self._send(client)
            except OSError:  # smtplib's errors are such
                time.sleep(1)

    def _send(self, client: smtplib.SMTP) -> None:
        message = compose(self._sender.address, self._to.address, self.subject)
        client.send_message(message)
        self.accepted.append(str(message["Message-ID"]))
        time.sleep(0.1)

    def arrived(self) -> collections.Counter[str]:
        """Return how often each message has arrived."""
        found = self._mail.find(self._to, self.subject)
        return collections.Counter(str(message["Message-ID"]) for message in found)

    def missing(self) -> set[str]:
        """Return what was accepted and has not arrived."""
        return set(self.accepted) - set(self.arrived())
