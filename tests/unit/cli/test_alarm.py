import email
import email.policy

import pytest
from tests.unit.cli.test_doctor import spoil_clock, spoil_disk, well

__all__ = ["well"]


@pytest.fixture
def look(well):
    """The doctor looks, and tells; returned is what was sent then."""

    def again():
        before = len(well.machine.sent)
        well.run("doctor", "--skip-dns", "--tell")
        return [
            (to, email.message_from_string(text, policy=email.policy.default))
            for to, text in well.machine.sent[before:]
        ]

    return again


def test_the_operator_is_told_once_of_what_lasts(well, look):
    """At the second look, not at the first or the third."""
    spoil_disk(well.machine)

    assert look() == []
    ((to, message),) = look()
    assert look() == []

    assert to == "postmaster@mail.example.org"
    assert message["Subject"].startswith("[mail.example.org] non va: disk ")
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert "5% free" in text
    assert "Rimedio: enlarge it" in text


def test_what_comes_and_goes_is_not_told(well, look):
    """A service that is restarted while the doctor looks."""
    spoil_disk(well.machine)
    assert look() == []
    well.machine.free = 0.5
    assert look() == []
    spoil_disk(well.machine)
    assert look() == []


def test_another_thing_is_told_and_the_end_of_all(well, look):
    """With what was told before, as long as it lasts."""
    spoil_disk(well.machine)
    look(), look()
    spoil_clock(well.machine)
    assert look() == []
    ((_, more),) = look()
    assert "clock ntp" in more["Subject"]
    assert "disk" in more.get_content()
    well.machine.free = 0.5
    assert look() == []
    well.machine.answers["timedatectl"] = lambda *_: type("A", (), {"code": 0, "output": "yes\n"})
    ((_, end),) = look()

    assert end["Subject"] == "[mail.example.org] tutto a posto"
    assert "Di nuovo a posto:" in end.get_content()
    assert look() == []


def test_what_can_t_be_sent_is_tried_again(well, look):
    """The mail system may be what is bad."""
    spoil_disk(well.machine)
    well.machine.sends = False
    look(), look()
    well.machine.sends = True

    assert len(look()) == 1


def test_a_memory_that_is_lost_tells_anew(well, look):
    """Rather twice than never."""
    spoil_disk(well.machine)
    look(), look()
    (well.folder / "told/told.json").write_text("rubbish")

    assert look() == []
    assert len(look()) == 1
