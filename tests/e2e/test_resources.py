"""Rooms and cars that answer invitations, by mail and in the webmail."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from clients.disturbance import disturbed
from clients.invite import Calendars, Event, event, invitation, outlook
from clients.mail import compose, token
from clients.portal import Visitor
from clients.waiting import wait_for
from clients.web import Web
from clients.webmail import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from email.message import EmailMessage

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.outside import Outside
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

ROOM = "sala.riunioni@example.org"
CAR = "auto@example.org"
OLGA = "olga@agency.test"
MALLORY = "mallory@evil.test"
AGENT_LOGIN = "fermoposta-agent"
HOST = "https://mail.example.org/SOGo"


@pytest.fixture(scope="module")
def calendars(shell: Shell) -> Calendars:
    return Calendars(shell)


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


class Organizer:
    """Somebody outside who invites, and reads the answers."""

    def __init__(self, mail: Mail, outside: Outside) -> None:
        self.mail = mail
        self.outside = outside

    def send(self, message: EmailMessage, to: str = ROOM) -> None:
        """Hand over a message as another server does."""
        self.mail.deliver(OLGA, [to], message)

    def invite(self, what: Event, to: str = ROOM, method: str = "REQUEST") -> None:
        """Send an invitation."""
        self.send(invitation(what, OLGA, to, method), to)

    def answers(self, what: Event) -> list[EmailMessage]:
        """Return the answers to an event, the oldest first."""
        found = self.outside.find(f"Subject: {'Accettato'}: {what.uid}")
        found += self.outside.find(f"Subject: {'Rifiutato'}: {what.uid}")
        return [each.message for each in found if each.recipients == [OLGA]]

    def answer(self, what: Event, count: int = 1) -> EmailMessage:
        """Return the newest of so many answers, as soon as they are there."""
        seen: list[EmailMessage] = []

        def look() -> bool:
            seen[:] = self.answers(what)
            return len(seen) >= count

        wait_for(f"{count} answers to {what.uid}", look, seconds=90)
        assert len(seen) == count
        return max(seen, key=lambda each: str(each["X-Number"] or each["Date"]))


@pytest.fixture(scope="module")
def olga(mail: Mail, outside: Outside) -> Organizer:
    return Organizer(mail, outside)


def calendar_part(message: EmailMessage) -> str:
    """Return the iTIP answer in a mail."""
    part = next(each for each in message.walk() if each.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REPLY"
    return str(part.get_content()).replace("\r\n ", "").replace("\n ", "")  # type: ignore[attr-defined]


@pytest.mark.feature("F161")
@pytest.mark.feature("F163")
@pytest.mark.parametrize("build", [invitation, outlook])
def test_an_invitation_from_outside_is_accepted(
    olga: Organizer, calendars: Calendars, build: object
) -> None:
    """The answer is one that her calendar program understands, and the booking stands."""
    what = event()

    olga.send(build(what, OLGA, ROOM))  # type: ignore[operator]
    answer = olga.answer(what)

    assert "PARTSTAT=ACCEPTED" in calendar_part(answer)
    assert f"UID:{what.uid}" in calendar_part(answer)
    assert answer["Auto-Submitted"] == "auto-replied"
    assert ROOM in str(answer["From"])
    assert any(each.get_filename() == "invite.ics" for each in answer.walk())
    assert calendars.find(ROOM, what.uid)


@pytest.mark.feature("F164")
def test_an_overlapping_invitation_is_declined(olga: Organizer, calendars: Calendars) -> None:
    """With the reason and the time; what was booked stays."""
    first = event()
    second = event(start=first.start + timedelta(minutes=30))

    olga.invite(first)
    olga.answer(first)
    olga.invite(second)
    answer = olga.answer(second)

    assert "PARTSTAT=DECLINED" in calendar_part(answer)
    assert f"{first.start:%d/%m/%Y}" in answer.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert calendars.find(ROOM, first.uid)
    assert not calendars.find(ROOM, second.uid)


@pytest.mark.feature("F163")
def test_a_colleague_invites_by_mail(
    mail: Mail, ada: Account, bob: Account, calendars: Calendars
) -> None:
    """The answer comes to the inbox, in the colleague's language; the next one is declined."""
    what = event()
    second = event(start=what.start)

    with mail.submission(ada) as client:
        client.send_message(invitation(what, ada.address, CAR))
    accepted = mail.wait_for(ada, f": {what.uid}", seconds=90)
    with mail.submission(bob) as client:
        client.send_message(invitation(second, bob.address, CAR))
    declined = mail.wait_for(bob, f": {second.uid}", seconds=90)

    assert "PARTSTAT=ACCEPTED" in calendar_part(accepted)
    assert "PARTSTAT=DECLINED" in calendar_part(declined)


def test_a_series_with_an_exception(olga: Organizer, calendars: Calendars) -> None:
    """An instance that is left out is free; the others are not."""
    start = event().start
    skipped, taken = start + timedelta(days=7), start + timedelta(days=14)
    rule = ("RRULE:FREQ=WEEKLY;COUNT=5", f"EXDATE:{skipped:%Y%m%dT%H%M%SZ}")
    series = event(start=start, lines=rule)
    free, busy = event(start=skipped), event(start=taken)

    olga.invite(series)
    olga.answer(series)
    olga.invite(free)
    olga.invite(busy)

    assert "PARTSTAT=ACCEPTED" in calendar_part(olga.answer(free))
    assert "PARTSTAT=DECLINED" in calendar_part(olga.answer(busy))
    assert calendars.find(ROOM, series.uid)


def test_updates_and_cancellations(olga: Organizer, calendars: Calendars) -> None:
    """A new time, one instance less, and nothing at all: the calendar follows."""
    what = event(lines=("RRULE:FREQ=WEEKLY;COUNT=3",))
    moved = replace(what, start=what.start + timedelta(hours=4), sequence=1)
    second = moved.start + timedelta(days=7)
    instance = replace(
        what, start=second, sequence=2, lines=(f"RECURRENCE-ID:{second:%Y%m%dT%H%M%SZ}",)
    )

    olga.invite(what)
    olga.answer(what)
    olga.invite(moved)
    olga.answer(what, 2)
    kept = calendars.find(ROOM, what.uid)
    olga.invite(instance, method="CANCEL")
    wait_for("an instance less", lambda: "EXDATE" in calendars.find(ROOM, what.uid), seconds=90)
    olga.invite(replace(moved, sequence=3), method="CANCEL")
    wait_for("a free room", lambda: not calendars.find(ROOM, what.uid), seconds=90)

    assert f"{moved.start:%Y%m%dT%H%M%SZ}" in kept
    assert len(olga.answers(what)) == 2


@pytest.mark.parametrize("month", [1, 7])
def test_another_time_zone(olga: Organizer, calendars: Calendars, month: int) -> None:
    """Nine in New York, as Outlook names it, is three in the afternoon in Rome."""
    # In spring and autumn New York is five hours away for some weeks, and not six.
    day = event().start.replace(month=month)
    named = f"DTSTART;TZID=Eastern Standard Time:{day:%Y%m%d}T090000"
    first = event(start_line=named)
    second = event(start_line=f"DTSTART;TZID=Europe/Rome:{day:%Y%m%d}T153000")
    third = event(start_line=f"DTSTART;TZID=Europe/Rome:{day:%Y%m%d}T163000")

    olga.invite(first)
    olga.answer(first)
    olga.invite(second)
    olga.invite(third)

    assert "PARTSTAT=DECLINED" in calendar_part(olga.answer(second))
    assert "PARTSTAT=ACCEPTED" in calendar_part(olga.answer(third))
    assert "America/New_York" in calendars.find(ROOM, first.uid)


def test_one_instance_and_all_later_ones_are_moved(olga: Organizer, calendars: Calendars) -> None:
    """What they leave is free, where they go is taken, and the others stay."""
    series = event(lines=("RRULE:FREQ=WEEKLY;COUNT=5",))
    first, second, third, fourth, _ = (series.start + timedelta(days=7 * n) for n in range(5))
    away, later = timedelta(hours=3), timedelta(hours=6)

    def moved(at: datetime, by: timedelta, sequence: int, how: str = "") -> Event:
        line = f"RECURRENCE-ID{how}:{at:%Y%m%dT%H%M%SZ}"
        return replace(series, start=at + by, sequence=sequence, lines=(line,))

    olga.invite(series)
    olga.answer(series)
    olga.invite(moved(second, away, 1))
    olga.answer(series, 2)
    olga.invite(moved(third, later, 2, ";RANGE=THISANDFUTURE"))
    olga.answer(series, 3)
    taken = [event(start=each) for each in (first, second + away, third + later, fourth + later)]
    free = [event(start=each) for each in (second, third, fourth)]
    for each in (*taken, *free):
        olga.invite(each)

    for each in taken:
        assert "PARTSTAT=DECLINED" in calendar_part(olga.answer(each))
    for each in free:
        assert "PARTSTAT=ACCEPTED" in calendar_part(olga.answer(each))
    assert calendars.find(ROOM, series.uid)


def said(shell: Shell, what: Event) -> list[str]:
    """Return what the agent said of an event."""
    lines = [str(entry.get("MESSAGE")) for entry in shell.journal("-u", "fermoposta-agent")]
    return [line for line in lines if f"uid={what.uid}" in line]


def from_mallory(what: Event, method: str = "REQUEST", **headers: str) -> EmailMessage:
    """Return a message about Olga's event that somebody else wrote."""
    message = invitation(what, OLGA, ROOM, method)
    message.replace_header("From", MALLORY)
    for name, value in headers.items():
        message[name] = value
    return message


def test_nobody_but_the_organizer_changes_a_booking(
    olga: Organizer, calendars: Calendars, mail: Mail, outside: Outside, shell: Shell
) -> None:
    """Whoever knows the event, and names the organizer in it and as the sender."""
    what = event()
    moved = replace(what, start=what.start + timedelta(hours=4), sequence=1)
    olga.invite(what)
    olga.answer(what)
    before = calendars.find(ROOM, what.uid)

    for changed, method in ((moved, "REQUEST"), (replace(what, sequence=1), "CANCEL")):
        mail.deliver(MALLORY, [ROOM], from_mallory(changed, method))
        mail.deliver(MALLORY, [ROOM], from_mallory(changed, method, Sender=OLGA))
        mail.deliver(OLGA, [ROOM], from_mallory(changed, method, Sender=OLGA))

    foreign = lambda: [each for each in said(shell, what) if "not from the" in each]  # noqa: E731
    wait_for("six times no", lambda: len(foreign()) == 6, seconds=90)
    assert calendars.find(ROOM, what.uid) == before
    assert len(olga.answers(what)) == 1
    assert [each for each in outside.find(what.uid) if each.recipients != [OLGA]] == []


def test_strangers_have_the_room_say_nothing_in_their_words(
    calendars: Calendars, mail: Mail, outside: Outside
) -> None:
    """Who is named as the organizer is told of the booking, and reads nothing of the stranger."""
    words = token()
    what = event(summary=words, lines=(f"LOCATION:{words}", f"DESCRIPTION:{words}"))

    mail.deliver(MALLORY, [ROOM], from_mallory(what, Comments=words))
    answer = outside.wait_for(what.uid, seconds=90)

    assert answer.recipients == [OLGA]
    assert answer.message["Subject"] == "Accettato"
    assert "PARTSTAT=ACCEPTED" in calendar_part(answer.message)
    assert outside.find(words) == []
    assert calendars.find(ROOM, what.uid)


# --- When something is away


def flushed(shell: Shell) -> bool:
    """Have the queue try everything at once; tell whether nothing waits for the agent any more."""
    shell.run("postqueue", "-f")
    return "@agent.fermoposta.invalid" not in shell.run("postqueue", "-j")


@contextmanager
def no_calendars(shell: Shell, calendars: Calendars) -> Iterator[None]:
    """Take SOGo away from the agent for a while."""

    def there() -> bool:
        return shell.call("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/20001").returncode == 0

    shell.run("systemctl", "stop", "sogo-agent")
    try:
        yield
    finally:
        shell.run("systemctl", "start", "sogo-agent")
        wait_for("SOGo", there, seconds=60)
    assert calendars.objects(ROOM)


def waiting(shell: Shell) -> int:
    """Return how many mails for the agent were put off."""
    queue = [json.loads(line) for line in shell.run("postqueue", "-j").splitlines()]
    ours = [each for each in queue if "@agent.fermoposta.invalid" in json.dumps(each)]
    return len([each for each in ours if each["queue_name"] == "deferred"])


def test_while_the_calendars_are_away_an_invitation_waits(
    olga: Organizer, calendars: Calendars, shell: Shell
) -> None:
    """It is answered once, when they are there again."""
    what = event()

    with disturbed(shell):
        with no_calendars(shell, calendars):
            olga.invite(what)
            wait_for("the queue", lambda: waiting(shell) == 1, seconds=60)
            assert olga.answers(what) == []
        wait_for("nothing to wait", lambda: flushed(shell), seconds=90)
        answer = olga.answer(what)

    assert "PARTSTAT=ACCEPTED" in calendar_part(answer)
    assert calendars.find(ROOM, what.uid)


KILL = """
pid=$(systemctl show --property MainPID --value fermoposta-agent)
postqueue -f
grep -qm1 outcome= < <(journalctl --lines 0 --follow --unit fermoposta-agent)
kill -KILL $pid
"""


def test_a_killed_agent_books_nothing_twice(
    olga: Organizer, calendars: Calendars, outside: Outside, shell: Shell
) -> None:
    """It dies among eight invitations to four hours: all are answered, and four are booked."""
    pairs = [(one, event(start=one.start)) for one in (event() for _ in range(4))]
    everything = [each for pair in pairs for each in pair]

    with disturbed(shell):
        before = shell.main_pid("fermoposta-agent")
        with no_calendars(shell, calendars):
            for each in everything:
                olga.invite(each)
            wait_for("the queue", lambda: waiting(shell) == len(everything), seconds=60)
        shell.run("bash", "-c", KILL, seconds=60)
        assert not all(olga.answers(each) for each in everything)
        back = lambda: shell.main_pid("fermoposta-agent") not in {0, before}  # noqa: E731
        wait_for("the agent", back, seconds=60)
        wait_for("nothing to wait", lambda: flushed(shell), seconds=120)
        for each in everything:
            wait_for(f"an answer to {each.uid}", lambda each=each: olga.answers(each), seconds=90)

    objects = calendars.objects(ROOM)
    for pair in pairs:
        booked = [each for each in pair if calendars.find(ROOM, each.uid)]
        assert len(booked) == 1
        for each in pair:
            count = len(re.findall(f"UID:{each.uid}\\s", objects))
            assert count == (each in booked)
            for answer in olga.answers(each):
                said = "ACCEPTED" if each in booked else "DECLINED"
                assert f"PARTSTAT={said}" in calendar_part(answer)


def test_what_cannot_be_read_is_answered_in_words(
    olga: Organizer, outside: Outside, shell: Shell, calendars: Calendars
) -> None:
    """Nothing is booked, and the mail stays in the room's mailbox."""
    what = event(lines=("RRULE:FREQ=SOMETIMES;COUNT=zero",))
    message = invitation(what, OLGA, ROOM)

    olga.send(message)
    answer = outside.wait_for(str(message["Message-ID"]), seconds=90)
    kept = shell.run("doveadm", "search", "-u", ROOM, "subject", what.uid)

    assert "non può essere letto" in answer.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert answer.recipients == [OLGA]
    assert kept.strip()
    assert not calendars.find(ROOM, what.uid)


def test_nobody_answers_a_machine(olga: Organizer, outside: Outside, mail: Mail) -> None:
    """A bounce, an answer, and a letter get none; what comes behind them does."""
    bounced, replied, last = event(), event(), event()
    letter = compose(OLGA, ROOM, token())

    mail.deliver("", [ROOM], invitation(bounced, OLGA, ROOM))
    olga.invite(replied, method="REPLY")
    olga.send(letter)
    olga.invite(last)
    olga.answer(last)

    assert olga.answers(bounced) == []
    assert olga.answers(replied) == []
    assert outside.find(str(letter["Message-ID"])) == []


@pytest.mark.feature("F162")
@pytest.mark.feature("F165")
def test_a_resource_from_its_making_to_its_end(
    directory: Directory, olga: Organizer, mail: Mail, calendars: Calendars, shell: Shell
) -> None:
    """It takes as many bookings as it may, under the name it has; then it is gone."""
    address = f"{token()}@example.org"
    events = [event()]
    events += [event(start=events[0].start) for _ in range(2)]
    answers = []

    with directory.changed(
        resources={address: {"name": "Sala due", "kind": "location", "multiple_bookings": 2}}
    ):
        compiled(shell, address)
        for each in events:
            olga.invite(each, address)
            answers.append(calendar_part(olga.answer(each)))
        edited = {"name": "Sala tre", "kind": "location", "multiple_bookings": 0}
        wanted = directory.declared()
        wanted["mail_resources"][address] = {**wanted["mail_resources"][address], **edited}
        done = directory.apply(wanted)
        assert done.returncode == 0, done.stdout
        unlimited = event(start=events[0].start)
        olga.invite(unlimited, address)
        last = olga.answer(unlimited)
    with pytest.raises(Exception, match="550"):
        olga.invite(event(), address)

    partstats = ["ACCEPTED" in each for each in answers]
    assert partstats == [True, True, False]
    assert "PARTSTAT=ACCEPTED" in calendar_part(last)
    assert "Sala tre" in str(last["From"])


def compiled(shell: Shell, address: str) -> None:
    """Wait until a resource's mailbox hands its mail on."""
    rows = shell.sql("SELECT address, mailbox_id FROM directory.resources")
    mailbox = dict(rows)[address]
    script = f"/var/lib/fermoposta/sieve/{mailbox}/rules.sieve"
    wait_for(script, lambda: shell.call("test", "-s", script).returncode == 0)


def personal(account: Account | str) -> str:
    """Return the URL of somebody's calendar."""
    address = account if isinstance(account, str) else account.address
    return f"{HOST}/dav/{address}/Calendar/personal/"


def test_who_acts_in_all_calendars_is_nobody_from_outside(
    shell: Shell, web: Web, appliance: Appliance, ada: Account
) -> None:
    """With the right secret it gets into neither the webmail nor a mailbox nor a list of people."""
    secret = shell.run("cat", "/etc/fermoposta/calendar.secret").strip()
    agent = replace(ada, address=AGENT_LOGIN, password=secret)
    mode = shell.run("stat", "-c", "%a %U %G", "/etc/fermoposta/calendar.secret").split()

    read = web.ask("PROPFIND", personal(ROOM), account=agent, headers={"Depth": "0"})
    login = Visitor(web).sign_in(agent)
    found = Session(web, ada).ask("GET", f"/so/{ada.address}/usersSearch?search={AGENT_LOGIN}")
    imap = shell.call("doveadm", "auth", "test", AGENT_LOGIN, secret)
    listening = shell.run("ss", "-Hltn", "sport", "=", ":20001")
    person = shell.call(
        "/opt/fermoposta/venv/bin/python",
        "-c",
        "import httpx,sys;print(httpx.request('PROPFIND',"
        f"'http://127.0.0.1:20001/SOGo/dav/{ada.address}/Calendar/personal/',"
        "auth=(sys.argv[1],sys.argv[2])).status_code)",
        ada.address,
        str(ada.password),
    )

    assert mode == ["640", "root", "fermoposta-agent"]
    assert read.status == 401
    assert login.status == 401
    assert AGENT_LOGIN not in found.replace(f"search={AGENT_LOGIN}", "")
    assert imap.returncode != 0
    assert listening.split()[3] == "127.0.0.1:20001"
    assert person.stdout.strip() == "401"


BOOKING = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//client.test//EN\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20260101T000000Z\r
DTSTART:{start:%Y%m%dT%H%M%SZ}\r
DURATION:PT1H\r
SUMMARY:{uid}\r
ORGANIZER:mailto:{organizer}\r
ATTENDEE;CUTYPE=RESOURCE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{room}\r
END:VEVENT\r
END:VCALENDAR\r
"""


def book(
    web: Web, what: Event, who: Account, owner: Account | None = None, room: str = ROOM
) -> int:
    """Store an event with the room in the owner's calendar; return the status."""
    organizer = (owner or who).address
    body = BOOKING.format(uid=what.uid, start=what.start, organizer=organizer, room=room)
    return web.ask("PUT", f"{personal(organizer)}{what.uid}.ics", account=who, body=body).status


def busy_times(web: Web, whose: str, asks: Account, start: datetime) -> set[str]:
    """Return the hours, in Rome, for which the webmail shows somebody as busy on a day."""
    session = Session(web, asks)
    path = f"/so/{whose}/freebusy.ifb/ajaxRead?sday={start:%Y%m%d}&eday={start:%Y%m%d}"
    days = json.loads(session.ask("GET", path))
    hours = days.get(f"{start:%Y%m%d}", {})
    return {hour for hour, quarters in hours.items() if any(quarters.values())}


@pytest.mark.feature("F163")
@pytest.mark.feature("F164")
def test_what_is_booked_by_mail_is_taken_in_the_webmail(
    olga: Organizer, calendars: Calendars, web: Web, ada: Account
) -> None:
    """The room has one calendar, and the webmail refuses what overlaps."""
    first = event()
    second = event(start=first.start + timedelta(minutes=30))

    olga.invite(first)
    olga.answer(first)
    status = book(web, second, ada)

    assert status == 409
    assert not calendars.find(ROOM, second.uid)
    assert web.ask("GET", f"{personal(ada)}{second.uid}.ics", account=ada).status == 404


@pytest.mark.feature("F163")
@pytest.mark.feature("F164")
def test_what_is_booked_in_the_webmail_is_declined_by_mail(
    olga: Organizer, calendars: Calendars, web: Web, ada: Account
) -> None:
    """The organizer's event says at once that the room accepted."""
    first = event()
    second = event(start=first.start + timedelta(minutes=30))

    status = book(web, first, ada)
    kept = web.ask("GET", f"{personal(ada)}{first.uid}.ics", account=ada).body
    olga.invite(second)
    answer = olga.answer(second)

    assert status == 201
    assert "PARTSTAT=ACCEPTED" in kept
    assert calendars.find(ROOM, first.uid)
    assert "PARTSTAT=DECLINED" in calendar_part(answer)


@pytest.mark.feature("F163")
def test_who_acts_for_somebody_books_for_them(
    calendars: Calendars, web: Web, appliance: Appliance, ada: Account, bob: Account
) -> None:
    """Bob may write in Ada's calendar, so the room is hers; a colleague may not."""
    what, other = event(), event()
    dario = appliance.account("dario@example.org")

    status = book(web, what, bob, ada)
    refused = book(web, other, dario, ada)

    assert status == 201
    assert f"mailto:{ada.address}" in calendars.find(ROOM, what.uid)
    assert web.ask("GET", f"{personal(ada)}{what.uid}.ics", account=ada).status == 200
    assert refused in {403, 404}
    assert not calendars.find(ROOM, other.uid)


def test_another_company_books_no_room_in_the_webmail(
    calendars: Calendars, web: Web, appliance: Appliance
) -> None:
    """Neither the room of the others, nor is there anything to learn from the refusal."""
    what = event()

    status = book(web, what, appliance.account("hank@example.net"))

    assert status == 409
    assert not calendars.find(ROOM, what.uid)


@pytest.mark.feature("F099")
def test_colleagues_see_when_somebody_is_busy_and_no_more(
    web: Web, appliance: Appliance, ada: Account
) -> None:
    """Of a colleague and of a room, without any grant; another company sees neither."""
    what = event()
    what = replace(what, start=what.start + timedelta(hours=6))
    chiara, hank = map(appliance.account, ("chiara@example.org", "hank@example.net"))
    before = busy_times(web, ada.address, chiara, what.start)
    assert book(web, what, ada) == 201
    expected = {str(what.start.astimezone(ZoneInfo("Europe/Rome")).hour)}

    assert not expected & before
    for whose in (ada.address, ROOM):
        assert expected <= busy_times(web, whose, chiara, what.start)
        assert busy_times(web, whose, hank, what.start) == set()
        url = f"{personal(whose)}{what.uid}.ics"
        assert f"SUMMARY:{what.uid}" not in web.ask("GET", url, account=chiara).body
        assert web.ask("GET", url, account=hank).status in {403, 404}
        assert web.ask("PUT", url, account=chiara, body="").status not in {200, 201, 204}
    shared = Session(web, ada).ask("GET", f"/so/{ada.address}/Calendar/personal/acls")
    assert chiara.address not in shared
