"""How soon a change of the directory is in force: a right, a junk rule, a restriction."""

from __future__ import annotations

import json
import smtplib
import ssl
import statistics
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from fermoposta_demo import host, up
from fermoposta_demo.paths import BUILD
from fermoposta_demo.podman import podman
from fermoposta_demo.progress import CommandError, say
from tests.bench import Result, result
from tests.bench.delivery import SENDER, message, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPETITIONS = 5
SECONDS = 60
PAUSE = 0.02
"""Between two looks."""
PASSWORD = "Newcomer2026"
OWNER, FRIEND = "in-force-owner@example.org", "in-force-friend@example.org"
FILE = "/run/fermoposta-bench.yml"


def run(container: str) -> list[Result]:
    """Measure on a provisioned host, which is left as it was found."""
    bench = Bench(container)
    with bench.people():
        return [
            result("in_force_rights_s", median("right", bench.rights()), "s"),
            result("in_force_junk_s", median("junk rule", bench.junk()), "s"),
            result("in_force_policy_s", median("restriction", bench.policy()), "s"),
        ]


def median(what: str, seconds: Iterator[float]) -> float:
    """Return the middle one of some times, and say all of them."""
    found = list(seconds)
    say(f"  a {what}: {', '.join(f'{each:.2f}' for each in found)} s")
    return statistics.median(found)


class Bench:
    """A host, and the clients that look at it."""

    def __init__(self, container: str) -> None:
        self.container = container
        self.appliance = up.describe(container, BUILD / "bench" / container)
        self.context = ssl.create_default_context(cafile=self.appliance.ca_file)

    def fermoposta(self, *words: str) -> str:
        return podman("exec", self.container, "fermoposta", *words)

    def apply(self, declared: dict[str, Any], *options: str) -> None:
        """Apply an inventory."""
        host.put(self.container, FILE, json.dumps(declared).encode())
        self.fermoposta("apply", *options, FILE)

    def accepted(self) -> float:
        """Return when the directory took the last change, by the clock that it shares with us."""
        query = "SELECT extract(epoch FROM max(at)) FROM directory.changes"
        psql = ["psql", "-U", "fermoposta", "-d", "fermoposta", "-Atc", query]
        return float(podman("exec", self.container, *psql))

    def since_accepted(self, look: Callable[[], bool]) -> float:
        """Return the seconds from the last change until something is seen of it."""
        deadline = time.monotonic() + SECONDS
        while not look():
            if time.monotonic() > deadline:
                raise CommandError("a change", f"it is not in force after {SECONDS} s")
            time.sleep(PAUSE)
        seen = time.time()
        return seen - self.accepted()

    @contextmanager
    def people(self) -> Iterator[None]:
        """Make the two users for a while."""
        before = json.loads(self.fermoposta("export", "--json", "--hashes"))
        user = {"name": "Misura", "password": PASSWORD, "recipients_per_hour": 1_000_000}
        added = {OWNER: user, FRIEND: user}
        self.declared = {**before, "mail_users": before["mail_users"] | added}
        self.apply(self.declared)
        try:
            for each in added:
                self.since_accepted(lambda each=each: self.knows(each))  # type: ignore[misc]
            yield
        finally:
            self.apply(before, "--allow-removal=users", "--allow-removal=grants")

    def knows(self, address: str) -> bool:
        """Tell whether mail is taken for somebody, and a log-in."""
        try:
            send(self.port("smtp"), [message("warm-up")], address)
            self.imap(address).logout()
        except (smtplib.SMTPException, IMAPClientError):
            return False
        return True

    def port(self, service: str) -> int:
        return self.appliance.ports[service]

    def imap(self, address: str) -> IMAPClient:
        """Return a client that is logged in."""
        client = IMAPClient(self.appliance.host, self.port("imaps"), ssl_context=self.context)
        client.login(address, PASSWORD)
        return client

    def rights(self) -> Iterator[float]:
        """Give somebody more rights on an inbox, and fewer: MYRIGHTS says so."""
        letters = {"read_only": b"lr", "secretary": b"lrwstie"}
        folder = f'"Condivise/{OWNER}/INBOX"'

        def held() -> set[int]:
            kind, data = client._imap.myrights(folder)
            return set(data[0].split()[-1]) - set(b"cd") if kind == "OK" else set()

        self.give("read_only")
        with self.imap(FRIEND) as client:
            self.since_accepted(lambda: held() == set(letters["read_only"]))
            for number in range(REPETITIONS):
                profile = ("secretary", "read_only")[number % 2]
                self.give(profile)
                wanted = set(letters[profile])
                yield self.since_accepted(lambda wanted=wanted: held() == wanted)  # type: ignore[misc]

    def give(self, profile: str) -> None:
        words = ("--profile", profile, OWNER, "INBOX", FRIEND)
        self.fermoposta("rights", "set", *words)

    def junk(self) -> Iterator[float]:
        """Block a sender, and allow it again: the next message lies elsewhere."""
        for number in range(REPETITIONS):
            verb, folder = (("block", "Quarantena"), ("allow", "INBOX"))[number % 2]
            self.fermoposta("junk", verb, OWNER, SENDER)
            yield self.since_accepted(lambda folder=folder: self.lands() == folder)  # type: ignore[misc]

    def lands(self) -> str:
        """Send a message, and return the folder in which it is found."""
        subject = uuid.uuid4().hex
        send(self.port("smtp"), [message(subject)], OWNER)
        deadline = time.monotonic() + SECONDS
        with self.imap(OWNER) as client:
            while time.monotonic() < deadline:
                for folder in ("Quarantena", "INBOX"):
                    client.select_folder(folder, readonly=True)
                    if client.search(["SUBJECT", subject]):
                        return folder
                time.sleep(PAUSE)
        raise CommandError("the delivery", f"{subject} is in no folder")

    def policy(self) -> Iterator[float]:
        """Restrict somebody's sending: the next recipient is refused."""
        for _ in range(REPETITIONS):
            with self.submission() as client:
                self.restrict(restricted=True)
                # One transaction: a new one for each look would count against the client.
                yield self.since_accepted(lambda client=client: not reaches(client))  # type: ignore[misc]
            self.restrict(restricted=False)
            self.since_accepted(self.free)

    def restrict(self, *, restricted: bool) -> None:
        self.declared["mail_users"][FRIEND]["restrict_sending"] = restricted
        self.apply(self.declared)

    def free(self) -> bool:
        with self.submission() as client:
            return reaches(client)

    @contextmanager
    def submission(self) -> Iterator[smtplib.SMTP]:
        """Yield a client that has said who sends."""
        with smtplib.SMTP_SSL(
            self.appliance.host, self.port("submissions"), context=self.context, timeout=SECONDS
        ) as client:
            client.login(FRIEND, PASSWORD)
            client.mail(FRIEND)
            yield client


def reaches(client: smtplib.SMTP) -> bool:
    """Tell whether one more recipient is taken."""
    return client.rcpt(f"{uuid.uuid4().hex}@outside.test")[0] == 250
