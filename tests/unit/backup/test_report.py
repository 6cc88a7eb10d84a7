"""Reports of drills are signed by their host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.backup import report

if TYPE_CHECKING:
    from pathlib import Path

FOUND = {"outcome": "good", "differences": 0, "listed": []}


def test_a_report_is_known_as_it_was_written(tmp_path: Path) -> None:
    """By the key that is made once, and by no other."""
    (tmp_path / "other").mkdir()
    key, other = report.key_in(tmp_path), report.key_in(tmp_path / "other")
    signed = report.sign(FOUND, key)

    assert report.is_signed(signed, report.key_in(tmp_path))
    assert not report.is_signed(signed, other)
    assert not report.is_signed({**signed, "outcome": "bad"}, key)
    assert not report.is_signed({**signed, "more": 1}, key)
    assert not report.is_signed(FOUND, key)
    assert not report.is_signed({**signed, "signature": "é"}, key)


def test_the_key_is_for_root_alone(tmp_path: Path) -> None:
    """From its first moment on."""
    report.key_in(tmp_path)

    assert (tmp_path / report.KEY).stat().st_mode & 0o777 == 0o600
