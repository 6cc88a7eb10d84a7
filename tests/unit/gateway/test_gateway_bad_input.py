"""Headers that are none."""

from __future__ import annotations

import pytest

from fermoposta.activesync.wbxml import Element, encode

SYNC = encode(Element("AirSync:Sync", [Element("AirSync:WindowSize", "10")]))


@pytest.mark.parametrize("length", ["\xb2", "9" * 5_000, "-1", "", "many"])
def test_a_length_that_is_no_number_is_not_believed(site, length: str) -> None:
    """The body is read as far as a request may go."""
    response = site.ask(content=SYNC, headers={"content-length": length.encode("latin-1")})

    assert response.status_code == 200
    assert site.desk.asked[0].element.tag == "AirSync:Sync"


def test_a_length_beyond_what_a_request_may_have_is_refused_at_once(site) -> None:
    """Nothing of the body is read."""
    assert site.ask(content=SYNC, headers={"content-length": "100001"}).status_code == 413
    assert site.desk.asked == []


def test_what_no_database_holds_of_a_program_s_name_is_left_out(site) -> None:
    """A device says what it is as it likes; a NUL can't be kept."""
    response = site.ask(content=SYNC, headers={"user-agent": b"Phone\x00/1\xff"})

    assert response.status_code == 200
    (device,) = site.runner.run(site.store.devices())
    assert device.user_agent == "Phone\N{REPLACEMENT CHARACTER}/1ÿ"
