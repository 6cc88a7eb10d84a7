import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.activesync.map.calendar.appointments import (
    ADA,
    NOW,
    VERSIONS,
    app,
    el,
    ical,
)

from fermoposta.activesync.map.calendar import (
    Attached,
    attachments,
    change_instance,
    delete_instance,
    from_element,
    to_element,
)
from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.wbxml import Element

AGENDA = b"Coffee, then the budget.\n"
PLAN = bytes(range(256)) * 10
ATTACHED = Attached(lambda key: f"cal:item:{key}", 50_000)
OLD, NEW = VERSIONS[:3], VERSIONS[3:]


def attach(content, **params):
    said = "".join(f";{name.replace('_', '-')}={value}" for name, value in params.items())
    encoded = base64.b64encode(content).decode()
    return f"ATTACH;VALUE=BINARY;ENCODING=BASE64{said}:{encoded}"


def event(*lines):
    return "\n".join(
        [
            "UID:budget@example.org",
            "DTSTAMP:20261001T120000Z",
            "DTSTART:20261102T090000Z",
            "DTEND:20261102T100000Z",
            "SUMMARY:Budget",
            *lines,
        ]
    )


TWO = ical(
    event(
        "ATTACH:https://example.org/agenda.pdf",
        attach(AGENDA, FMTTYPE="text/plain", FILENAME="agenda.txt"),
        attach(PLAN, FMTTYPE="application/pdf", X_FILENAME="plan.pdf"),
    )
)
WEEKLY = ical(
    event("RRULE:FREQ=WEEKLY", attach(AGENDA, FILENAME="agenda.txt")),
    event(
        "RECURRENCE-ID:20261109T090000Z",
        attach(AGENDA, FILENAME="agenda.txt"),
        attach(PLAN, FILENAME="plan.pdf"),
    ),
)
SECOND, THIRD = "20261109T090000Z", "20261116T090000Z"


def shown(content, version="16.1", attached=ATTACHED):
    return to_element(content, version, ADA, NOW, attached=attached)


def files(data):
    """Name, size and FileReference of each file."""
    listed = data.find(attachments.TAG)
    tags = ("DisplayName", "EstimatedDataSize", "FileReference")
    return [
        tuple(each.text_of(f"AirSyncBase:{tag}") for tag in tags)
        for each in (() if listed is None else listed.elements)
    ]


def names(data):
    return [name for name, _, _ in files(data)]


def add(content, name="notes.txt", client_id="c1", **texts):
    said = {"ClientId": client_id, "Method": "1", "DisplayName": name, **texts}
    leaves = [el(f"AirSyncBase:{tag}", text) for tag, text in said.items() if text is not None]
    return el("AirSyncBase:Add", *leaves, Element("AirSyncBase:Content", content))


def drop(reference):
    return el("AirSyncBase:Delete", el("AirSyncBase:FileReference", reference))


def told(*commands):
    return app(el(attachments.TAG, *commands))


def changed(content, *commands, version="16.1", attached=ATTACHED):
    return from_element(
        told(*commands), version, ADA, NOW, uid="x", existing=content, attached=attached
    )


def stored(content, name):
    """The bytes of the file *name*, as anybody reads them from the calendar."""
    ((_, _, reference),) = [each for each in files(shown(content)) if each[0] == name]
    return attachments.find(content, reference.rpartition(":")[2], ADA).file.content


@pytest.mark.parametrize("version", NEW)
def test_files_are_shown_and_links_are_not(version):
    """Each with its name, its size and what it is fetched by, in the order of the appointment."""
    (one, two) = files(shown(TWO, version))

    assert one[:2] == ("agenda.txt", str(len(AGENDA)))
    assert two[:2] == ("plan.pdf", str(len(PLAN)))
    assert one[2] != two[2]
    assert one[2].startswith("cal:item:")
    assert "https" not in str(files(shown(TWO, version)))


@pytest.mark.parametrize("version", OLD)
def test_before_16_files_are_neither_shown_nor_taken(version):
    """The element isn't there; and what an old device says of files changes nothing."""
    assert shown(TWO, version).find(attachments.TAG) is None
    assert changed(TWO, add(b"x"), version=version) == TWO


def test_a_file_without_a_usable_name_gets_one():
    """None is without a name; one that hides its ending, or a path, is shown without that."""
    content = ical(
        event(
            attach(b"1", FMTTYPE="text/plain"),
            attach(b"2", FMTTYPE="no type"),
            attach(b"3", FILENAME="../../etc/passwd"),
            attach(b"4", FILENAME="a\u202efdp.exe"),
        )
    )

    assert names(shown(content)) == ["attachment.txt", "attachment.bin", "passwd", "afdp.exe"]


def test_what_is_no_base64_is_left_alone():
    """It isn't shown, and is still there after a change."""
    broken = "ATTACH;VALUE=BINARY;ENCODING=BASE64:%%%"
    content = ical(event(broken, attach(AGENDA, FILENAME="agenda.txt")))

    found = changed(content, add(b"x"))

    assert names(shown(found)) == ["agenda.txt", "notes.txt"]
    assert b"%%%" in found


def test_a_file_is_added_beside_the_others():
    """As it came, with its type; links and other files stay as they are."""
    found = changed(TWO, add(b"\0\1\2", "notes.bin", ContentType="Application/X-Notes"))

    assert names(shown(found)) == ["agenda.txt", "plan.pdf", "notes.bin"]
    assert stored(found, "notes.bin") == b"\0\1\2"
    assert stored(found, "plan.pdf") == PLAN
    text = found.replace(b"\r\n ", b"")
    assert b"FMTTYPE=application/x-notes" in text
    assert b"ATTACH:https://example.org/agenda.pdf" in text
    assert all(len(line) <= 75 for line in found.split(b"\r\n"))


def test_an_appointment_is_made_with_files():
    """The first of a new one, as well."""
    data = app(
        el("StartTime", "20261102T090000Z"),
        el("EndTime", "20261102T100000Z"),
        *told(add(AGENDA, "agenda.txt")).elements,
    )

    found = from_element(data, "16.1", ADA, NOW, uid="x", attached=ATTACHED)

    assert stored(found, "agenda.txt") == AGENDA


def test_adding_twice_adds_once():
    """A repeated change, under whichever ClientId, changes nothing; another name is another."""
    once = changed(TWO, add(b"x"))

    assert changed(once, add(b"x", client_id="c2")) == once
    assert names(shown(changed(once, add(b"x", "other.txt"))))[-2:] == ["notes.txt", "other.txt"]
    assert changed(TWO, add(b"x"), add(b"x")) == once


def test_one_file_is_taken_away_and_no_other():
    """By its reference, which holds where others have gone; twice is once."""
    (_, _, one), (_, _, two) = files(shown(TWO))

    without = changed(TWO, drop(one))
    assert files(shown(without)) == files(shown(TWO))[1:]
    assert changed(without, drop(one)) == without
    assert changed(TWO, drop("cal:other:" + two.rpartition(":")[2])) == TWO
    assert files(shown(changed(without, drop(two)))) == []
    assert b"ATTACH:https://" in changed(without, drop(two))


@pytest.mark.parametrize("version", NEW)
def test_what_is_sent_back_as_it_was_shown_changes_nothing(version):
    """Not a byte, of the files neither."""
    for content in (TWO, WEEKLY):
        data = shown(content, version)

        again = from_element(data, version, ADA, NOW, uid="x", existing=content, attached=ATTACHED)

        assert again == content


@pytest.mark.parametrize("version", VERSIONS)
def test_other_changes_keep_files_to_the_byte(version):
    """By devices that know of files, and by those that don't."""
    data = app(el("Subject", "Other"))

    found = from_element(data, version, ADA, NOW, uid="x", existing=TWO, attached=ATTACHED)

    assert b"SUMMARY:Other" in found
    assert files(shown(found)) == files(shown(TWO))
    assert stored(found, "plan.pdf") == PLAN


def test_a_limit_is_the_whole_appointment():
    """What is just as large is taken, a byte more is refused; to make it smaller is always."""
    found = changed(TWO, add(b"x" * 3_000))
    most = len(found)

    def by(most):
        return Attached(ATTACHED.reference, most)

    assert changed(TWO, add(b"x" * 3_000), attached=by(most)) == found
    with pytest.raises(MalformedError, match="Attachments"):
        changed(TWO, add(b"x" * 3_000), attached=by(most - 1))
    (_, _, reference) = files(shown(TWO))[1]
    assert names(shown(changed(TWO, drop(reference), attached=by(10)))) == ["agenda.txt"]


@pytest.mark.parametrize(
    "command",
    [
        el("AirSyncBase:Add", el("AirSyncBase:ClientId", "c1")),
        add(b"x", Method="5"),
    ],
)
def test_what_is_no_file_is_refused(command):
    """Without content, or where it is an item within the item."""
    with pytest.raises(MalformedError, match="AirSyncBase"):
        changed(TWO, command)


def test_a_file_that_takes_its_own_place_stays():
    """Taken away and added in one change, as some devices edit."""
    (_, _, reference) = files(shown(TWO))[0]

    found = changed(TWO, drop(reference), add(AGENDA, "agenda.txt"))

    assert sorted(names(shown(found))) == ["agenda.txt", "plan.pdf"]


def test_an_empty_file_is_neither_kept_nor_named():
    """What is beside it is; the calendar server would drop it behind the answer's back."""
    commands = (add(b"", "empty.txt", "c1"), add(b"x", "notes.txt", "c2"))

    assert names(shown(changed(TWO, *commands)))[2:] == ["notes.txt"]
    assert [client_id for client_id, _ in attachments.added_keys(told(*commands))] == ["c2"]


def test_an_exception_says_which_files_differ():
    """In the place of those of the series; where they are the same it says nothing."""
    (exception,) = shown(WEEKLY).find("Calendar:Exceptions").elements

    assert names(exception) == ["agenda.txt", "plan.pdf"]
    assert names(shown(WEEKLY)) == ["agenda.txt"]

    same = ical(
        event("RRULE:FREQ=WEEKLY", attach(AGENDA, FILENAME="agenda.txt")),
        event(f"RECURRENCE-ID:{SECOND}", attach(AGENDA, FILENAME="agenda.txt")),
    )
    (exception,) = shown(same).find("Calendar:Exceptions").elements
    assert exception.find(attachments.TAG) is None


def test_an_occurrence_gets_files_of_its_own():
    """Those of the series, and what is added; the series and other occurrences get none."""
    found = change_instance(
        told(add(b"x")), "16.1", ADA, NOW, instance=THIRD, existing=WEEKLY, attached=ATTACHED
    )

    data = shown(found)
    assert names(data) == ["agenda.txt"]
    second, third = data.find("Calendar:Exceptions").elements
    assert names(second) == ["agenda.txt", "plan.pdf"]
    assert names(third) == ["agenda.txt", "notes.txt"]


def test_a_deleted_occurrence_leaves_the_files_of_the_others():
    """The series keeps its own."""
    found = delete_instance("16.1", ADA, NOW, instance=SECOND, existing=WEEKLY)

    assert stored(found, "agenda.txt") == AGENDA
    with pytest.raises(ValueError, match="not enough values"):
        stored(found, "plan.pdf")


def test_an_answer_names_what_was_added():
    """By ClientId, under the key that the file is shown with afterwards."""
    data = told(add(b"x", "a.txt", "one"), add(b"y", "dir/b.txt", "two"))
    found = changed(TWO, *data.elements[0].elements)

    keys = dict(attachments.added_keys(data))

    references = {name: reference for name, _, reference in files(shown(found))}
    assert references["a.txt"] == f"cal:item:{keys['one']}"
    assert references["b.txt"] == f"cal:item:{keys['two']}"


@settings(deadline=None, max_examples=60)
@example("0 =", b"\0", "")
@given(
    st.text(max_size=40) | st.text('";:,^\\/\t =~', max_size=8),
    st.binary(min_size=1, max_size=400),
    st.text("abc/;:+\n", max_size=12),
)
def test_any_file_comes_back(name, content, type_):
    """Its bytes are the same, and it is found under the key that the answer named."""
    data = told(add(content, name, ContentType=type_))

    found = changed(TWO, *data.elements[0].elements)

    assert all(len(line) <= 75 for line in found.split(b"\r\n"))
    ((_, key),) = attachments.added_keys(data)
    assert attachments.find(found, key, ADA).file.content == content
    assert f"cal:item:{key}" in [reference for _, _, reference in files(shown(found))]
    assert changed(found, *data.elements[0].elements) == found
    assert attachments.find(changed(found, drop(f"cal:item:{key}")), key, ADA) is None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 900), st.binary(max_size=4)), min_size=1, max_size=4))
def test_any_damage_is_shown_or_refused(changes):
    """Bytes exchanged anywhere, also in the base64: nothing else is raised."""
    content = TWO[:900]  # the middle of a file, so that the end is missing as well
    content = content + TWO[-60:]
    for place, new in changes:
        at = place % len(content)
        content = content[:at] + new + content[at + 1 :]
    refused = None
    try:
        data = shown(content)
        from_element(data, "16.1", ADA, NOW, uid="x", existing=content, attached=ATTACHED)
    except MalformedError as error:
        refused = error
    assert refused is None or refused.place
