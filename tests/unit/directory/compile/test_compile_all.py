"""The whole directory compiled at once."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.directory.compile import Paths, compile_all, paths_of
from fermoposta.directory.compile.mailboxes import compile_all as compile_scripts
from fermoposta.directory.model import Company, Domain, State, User
from fermoposta.service.settings import Settings

STATE = State.of_records(
    [
        Company("acme", "Acme"),
        Domain("example.org", "acme"),
        User("ada@example.org", "Ada", antispam=False, mailbox_id="0badcafe-01"),
        User("bob@example.org", "Bob", mailbox_id="0badcafe-02"),
    ]
)
users = st.lists(
    st.builds(
        lambda number, antivirus, antispam: User(
            f"u{number}@example.org",
            "U",
            antivirus=antivirus,
            antispam=antispam,
            mailbox_id=f"0badcafe-{number:02x}",
        ),
        st.integers(0, 9),
        st.booleans(),
        st.booleans(),
    ),
    unique_by=lambda user: user.address,
)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(sieve=tmp_path / "sieve", dkim=tmp_path / "dkim")
    paths.sieve.mkdir()
    paths.dkim.mkdir()
    return paths


def test_everything_can_be_made_from_nothing(paths: Paths) -> None:
    """After a loss one command brings all back, and a second one has nothing to do."""
    made = {change.path.name for change in compile_all(STATE, paths)}

    assert made == {"example.org.mail.key", "selectors.map", "policy.sieve"}
    assert compile_all(STATE, paths) == []


def test_the_paths_are_the_sites() -> None:
    """Where the roles and the daemons expect them."""
    paths = paths_of(Settings(host="mail.example.org", portal_host="portal.example.org"))

    assert paths == Paths(
        sieve=Path("/var/lib/fermoposta/sieve"), dkim=Path("/var/lib/rspamd/dkim")
    )


@given(before=users, after=users)
@settings(deadline=None)  # files are written: how long that takes is not the promise
def test_whatever_was_there_the_second_time_nothing_changes(
    tmp_path_factory: pytest.TempPathFactory, before: list[User], after: list[User]
) -> None:
    """Compiling converges, from any state to any other."""
    root = tmp_path_factory.mktemp("sieve")
    list(compile_scripts(State.of_records(before), root))
    list(compile_scripts(State.of_records(after), root))

    assert list(compile_scripts(State.of_records(after), root)) == []
    folders = [each for each in root.iterdir() if each.name != "domains"]
    assert len(folders) == sum(not (u.antivirus and u.antispam) for u in after)
