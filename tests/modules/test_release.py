"""`fermoposta.mail.release`: when a release is another one."""

from pathlib import Path

import pytest

from ansible_collections.fermoposta.mail.plugins.modules import release

TARGET = ("3.13", "x86_64")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in (f"{release.PACKAGE}/__init__.py", release.LOCK, *release.BESIDE):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_the_same_checkout_is_the_same_release(checkout):
    """An unchanged checkout changes nothing on the host."""
    assert release.digest_of(checkout, *TARGET) == release.digest_of(checkout, *TARGET)


@pytest.mark.parametrize("name", [f"{release.PACKAGE}/__init__.py", release.LOCK, "pyproject.toml"])
def test_a_changed_file_is_another_release(checkout, name):
    """Sources, lock and packaging all count."""
    before = release.digest_of(checkout, *TARGET)
    (checkout / name).write_text("changed")

    assert release.digest_of(checkout, *TARGET) != before


def test_a_moved_file_is_another_release(checkout):
    """Where a module lies is part of what it is."""
    before = release.digest_of(checkout, *TARGET)
    (checkout / release.PACKAGE / "__init__.py").rename(checkout / release.PACKAGE / "other.py")

    assert release.digest_of(checkout, *TARGET) != before


def test_another_python_or_processor_is_another_release(checkout):
    """Wheels are made for one Python and one processor."""
    made = {
        release.digest_of(checkout, version, architecture)
        for version in ("3.13", "3.14")
        for architecture in ("x86_64", "aarch64")
    }

    assert len(made) == 4


def test_what_python_leaves_behind_is_no_part_of_it(checkout):
    """Running the tests must not make a new release."""
    before = release.digest_of(checkout, *TARGET)
    litter = checkout / release.PACKAGE / "__pycache__"
    litter.mkdir()
    (litter / "x.pyc").write_bytes(b"\0")

    assert release.digest_of(checkout, *TARGET) == before
