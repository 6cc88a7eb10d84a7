"""
The configuration of our services: one YAML file, read into one frozen record.

Ansible writes the file; a person may edit it. So all problems are told at once, each with its place
and a remedy.
"""

import difflib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml

PATH = Path("/etc/fermoposta/fermoposta.yml")
Kind = TypeVar("Kind")


class SettingsError(Exception):
    """The configuration can't be used; *problems* holds a sentence for each reason."""

    def __init__(self, path: Path, problems: tuple[str, ...]) -> None:
        super().__init__(f"{path}: " + "; ".join(problems))
        self.path = path
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What our services must know of the site; paths are absolute, times in seconds."""

    host: str
    """The one name that clients use for everything: incoming, outgoing, webmail."""
    portal_host: str
    """The portal's own name."""
    organisation: str = "Fermoposta"
    """Who runs the service, as shown on the portal's pages."""
    language: Literal["it", "en"] = "it"
    """Language of pages and instructions where the reader asks for none that there is."""
    database_host: str = "/run/postgresql"
    """Folder of PostgreSQL's socket, or a host name."""
    database_name: str = "fermoposta"
    webmail_database_name: str = "sogo"
    """Where the webmail keeps calendars and address books, in the same PostgreSQL."""
    portal_socket: Path = Path("/run/fermoposta-portal/portal.sock")
    state_dir: Path = Path("/var/lib/fermoposta")
    vmail_dir: Path = Path("/var/vmail")
    doveadm_socket: Path = Path("/run/dovecot/doveadm-fermoposta")
    doveadm_agent_socket: Path = Path("/run/dovecot/doveadm-agent")
    memcached_socket: Path = Path("/run/memcached/memcached.sock")
    """Where the webmail keeps what it knows of people."""
    agent_socket: Path = Path("/run/fermoposta-agent/lmtp.sock")
    agent_told_socket: Path = Path("/run/fermoposta-agent/appended")
    """Where Dovecot says that a client put something into a Sent folder."""
    agent_deleted_socket: Path = Path("/run/fermoposta-agent/deleted")
    """Where Dovecot says what somebody deletes in another's folder."""
    agent_answers_socket: Path = Path("/run/fermoposta-agent/answers.sock")
    """Where the gateway hands over what users answer while they are away."""
    agent_mailboxes_socket: Path = Path("/run/fermoposta-agent/mailboxes.sock")
    """Where the portal asks what there is in somebody's own mailbox, and restores it."""
    agent_journal_socket: Path = Path("/run/fermoposta-agent/journal.sock")
    """Where the portal asks what became of a mail, and who logged in."""
    portal_user: str = "fermoposta-portal"
    """As whom the portal runs."""
    gateway_user: str = "fermoposta-gateway"
    """As whom the gateway runs."""
    mail_user: str = "vmail"
    """The mail store's user, as whom Dovecot's processes run."""
    sharing_socket: Path = Path("/run/fermoposta-agent/sharing.sock")
    """Where Dovecot tells the agent who set rights by IMAP."""
    agent_secret_file: Path = Path("/etc/fermoposta/agent.secret")
    """Opens every mailbox, from this host only."""
    imap_host: str = "127.0.0.1"
    imap_port: int = 143
    gateway_imap_port: int = 20143
    """Where the gateway comes to Dovecot, which knows by it that somebody comes with a phone."""
    submit_host: str = "127.0.0.1"
    submit_port: int = 10025
    """Where the host's own services hand over mail, without TLS or log-in."""
    dkim_dir: Path = Path("/var/lib/rspamd/dkim")
    calendar_url: str = "http://127.0.0.1:20001/SOGo"
    webmail_local_url: str = "http://127.0.0.1:20003/SOGo"
    """Where users' calendars and address books are, for the users' own passwords."""
    quiet_calendar_url: str = "http://127.0.0.1:20005/SOGo"
    """The same, by the instance that writes to nobody who is invited."""
    submission_host: str = "127.0.0.1"
    submission_port: int = 587
    """Where mail of users is handed over, with their own passwords."""
    calendar_secret_file: Path = Path("/etc/fermoposta/calendar.secret")
    """Opens every calendar, from this host only."""
    timezone: str = "Europe/Rome"
    """For times that name no zone, and for the times that people are told."""
    rspamd_socket: Path = Path("/run/rspamd/controller.sock")
    """Where the spam filter is told what a message is."""
    operator_address: str | None = None
    """Who gets to see what users report; nothing is this host's postmaster."""
    mta_sts_mode: Literal["enforce", "testing", "none"] = "testing"
    """What senders do where our certificate does not hold (RFC 8461, section 3.2)."""
    mta_sts_max_age: int = 604800
    imaps_alternate_port: int | None = 9993
    """Second port of IMAP over TLS, or nothing where it is switched off."""
    pop3: bool = True
    """Whether clients are told of POP3."""
    compile_interval: int = 900
    """Seconds between two full passes of the compiler, whatever the change feed says."""
    retention_days: int = 30
    """Days that a closed user's mailbox is kept."""
    limit_mailbox_bytes: int = 10 * 1024**3
    """Beyond it a mailbox is hard to synchronise, which its owner is told."""
    limit_folders: int = 200
    limit_item_bytes: int = 50 * 1024**2
    limits_interval: int = 86400
    """Seconds between two looks at every mailbox for what is beyond the limits."""
    usage_interval: int = 120
    """Seconds between two looks at how much room calendars and address books take."""
    session_hours: int = 12
    """Hours after which a portal session ends, used or not."""
    recovery_by_email: bool = True
    """Whether who has lost a password is sent a link; the next two likewise."""
    recovery_by_sms: bool = True
    recovery_by_questions: bool = True
    sms_url: str | None = None
    """Where a gateway takes text messages; without it there are none."""
    sms_fields: Mapping[str, str] = field(
        default_factory=lambda: {"to": "{number}", "text": "{text}"}
    )
    """What the gateway is told; ``{number}``, ``{text}`` and ``{secret}`` are filled in."""
    sms_headers: Mapping[str, str] = field(default_factory=dict)
    """With which headers, filled in likewise."""
    sms_json: bool = False
    """Whether it is told in JSON, and not as a form."""
    sms_secret_file: Path | None = None
    """Holds what ``{secret}`` stands for."""
    gateway_socket_dir: Path = Path("/run/fermoposta-gateway")
    """Where each of the gateway's processes has a socket, by its number."""
    gateway_login_seconds: int = 300
    """For how long the gateway believes what Dovecot said of a password."""
    gateway_idle_seconds: int = 300
    """Seconds without a request after which a user's connections are closed."""
    eas_heartbeat_least: int = 60
    """Seconds that a device's request for news waits at least."""
    eas_heartbeat_most: int = 3540
    """Seconds that it waits at most; the web server gives up after an hour."""
    eas_folders_most: int = 300
    """Folders that a device may watch at once."""
    eas_window_most: int = 512
    """Items that a device is sent in one answer."""
    eas_answer_bytes: int = 2 * 1024**2
    """Bytes of items in one answer, where one item alone is not more."""
    eas_new_devices: Literal["allowed", "quarantined", "blocked"] = "allowed"
    """What a device may that was never seen, where the directory says nothing."""
    eas_moved: Mapping[str, str] = field(default_factory=dict)
    """By address or domain: where devices of who has moved to another server synchronise."""
    policy_socket: Path = Path("/run/fermoposta-policy/policy.sock")
    """Where Postfix asks whether a recipient may be written to."""
    policy_milter_socket: Path = Path("/run/fermoposta-policy/milter.sock")
    """Where Postfix hands over mail of users and of other servers."""
    policy_host_milter_socket: Path = Path("/run/fermoposta-policy/milter-host.sock")
    """Where Postfix hands over mail that this host makes itself."""
    relay_networks: tuple[str, ...] = ()
    """Networks in CIDR notation that are trusted to send without a log-in."""
    recipients_per_hour: int = 500
    """To how many recipients a log-in may write within an hour, where its user says nothing."""
    postmaster_address: str | None = None
    """Who gets the mail of domains' and host's postmaster, abuse and root that have none."""

    def database_url(self, role: str | None = None) -> str:
        """Return the address of the database for *role*; None is the operating system's user."""
        return f"postgresql+psycopg://{role or ''}@/{self.database_name}?host={self.database_host}"

    def database_conninfo(self, role: str) -> str:
        """Return the same as a connection string of libpq."""
        return f"host={self.database_host} dbname={self.database_name} user={role}"

    def webmail_conninfo(self, role: str) -> str:
        """Return where the webmail's database is, as a connection string of libpq."""
        return f"host={self.database_host} dbname={self.webmail_database_name} user={role}"

    @property
    def operator(self) -> str:
        """Return who gets to see what users report."""
        return self.operator_address or f"postmaster@{self.host}"

    @property
    def report_addresses(self) -> dict[str, str]:
        """Return where users forward spam, and where good mail; an alias may lead there."""
        return {verdict: f"{verdict}@{self.host}" for verdict in ("spam", "ham")}

    @property
    def webmail_url(self) -> str:
        """Return where the webmail is."""
        return f"https://{self.host}/SOGo/"


def load(path: Path = PATH) -> Settings:
    """Read *path*; raise SettingsError with all that is wrong in it."""
    return read(path, Settings)


def read(path: Path, kind: type[Kind]) -> Kind:
    """Read *path* into *kind*, a dataclass; raise SettingsError with all that is wrong in it."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(path, (f"cannot be read: {error}",)) from error
    except yaml.YAMLError as error:
        raise SettingsError(path, (f"is no YAML: {error}",)) from error
    if not isinstance(raw, dict):
        raise SettingsError(path, ("must be a mapping of settings to values",))

    problems = tuple(_problems(raw, kind))
    if problems:
        raise SettingsError(path, problems)
    hints = typing.get_type_hints(kind)
    return kind(**{name: _converted(hints[name], value) for name, value in raw.items()})


def _problems(raw: Mapping[Any, object], kind: Any) -> Iterator[str]:  # noqa: ANN401 - a dataclass
    known = {each.name: each for each in fields(kind)}
    for name in raw:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            yield f"{name}: no such setting; {remedy}"
    hints = typing.get_type_hints(kind)
    for name, each in known.items():
        if name not in raw:
            if each.default is MISSING and each.default_factory is MISSING:
                yield f"{name}: is required"
        elif complaint := _complaint(hints[name], raw[name]):
            yield f"{name}: {complaint}"


def _complaint(hint: Any, value: object) -> str:  # noqa: ANN401 - a type, or what typing makes of it
    """Say why *value* is none of the type *hint*; empty where it is."""
    if isinstance(hint, UnionType):
        complaints = [_complaint(choice, value) for choice in get_args(hint)]
        return "" if "" in complaints else complaints[0]
    if get_origin(hint) is Literal:
        fits, rule = value in get_args(hint), f"one of {', '.join(get_args(hint))}"
    elif hint is type(None):
        fits, rule = value is None, "empty"
    elif hint is bool:
        fits, rule = isinstance(value, bool), "true or false"
    elif hint is int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        fits, rule = whole and typing.cast("int", value) > 0, "a whole number above 0"
    elif hint is Path:
        fits, rule = isinstance(value, str) and value.startswith("/"), "an absolute path"
    elif get_origin(hint) is tuple:
        texts = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
        fits, rule = texts, "a list of texts"
    elif get_origin(hint) is Mapping:
        texts = isinstance(value, dict) and all(
            isinstance(text, str) and text for pair in value.items() for text in pair
        )
        fits, rule = texts, "a mapping of texts to texts"
    else:
        fits, rule = isinstance(value, str) and value.strip() != "", "a text that is not empty"
    return "" if fits else f"must be {rule}"


def _converted(hint: Any, value: Any) -> Any:  # noqa: ANN401 - what the field holds
    if get_origin(hint) is tuple:
        return tuple(value)
    return Path(value) if hint is Path else value
