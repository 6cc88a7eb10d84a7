from __future__ import annotations

import json
import smtplib
from typing import TYPE_CHECKING

import pytest
from clients.directory import PASSWORD, merged
from clients.mail import compose, token
from clients.waiting import wait_for
from imapclient.exceptions import IMAPClientError, LoginError

if TYPE_CHECKING:
    from clients.directory import Directory
    from clients.mail import Mail
    from clients.outside import Outside
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

STRANGER = "stranger@outside.test"
MEGABYTE = 1024 * 1024


@pytest.mark.feature("F127")
@pytest.mark.parametrize(
    "password", ["Abcdef1", "abcdefg1", "ABCDEFG1", "Abcdefgh", "12345678", ""]
)
def test_a_weak_password_is_refused(
    shell: Shell, directory: Directory, mail: Mail, password: str
) -> None:
    """Seven characters, or no digit, capital or small letter: refused, and the old one stays."""
    with directory.newcomer(f"{token()}@example.org") as account:
        done = shell.call("fermoposta", "passwd", account.address, stdin=f"{password}\n")

        assert done.returncode != 0
        assert not password or password not in done.stdout + done.stderr
        mail.imap(account).logout()


@pytest.mark.feature("F127", "F115")
def test_a_good_password_counts_at_once(shell: Shell, directory: Directory, mail: Mail) -> None:
    """Eight characters of three classes work at once, and the old password no more."""
    with directory.newcomer(f"{token()}@example.org") as account:
        mail.imap(account).logout()
        shell.run("fermoposta", "passwd", account.address, stdin="Abcdefg1\n")

        with mail.imap_connect() as client:
            client.login(account.address, "Abcdefg1")
        with mail.imap_connect() as client, pytest.raises(LoginError):
            client.login(account.address, PASSWORD)


@pytest.mark.feature("F130", "F131")
@pytest.mark.parametrize("quota", [100, 25_600])
def test_quota_range(directory: Directory, mail: Mail, quota: int) -> None:
    """100 MB and 25 GB are taken, and IMAP says the same number."""
    with directory.newcomer(f"{token()}@example.org", quota_mb=quota) as account:
        assert limit(mail, account) == quota


@pytest.mark.feature("F130", "F131")
@pytest.mark.parametrize("quota", [99, 25_601, 0, -1])
def test_quota_out_of_range(directory: Directory, quota: int) -> None:
    """Less than 100 MB and more than 25 GB is refused, with the path of the field."""
    before = directory.declared()
    address = f"{token()}@example.org"
    user = {"name": "X", "password": PASSWORD, "quota_mb": quota}

    done = directory.apply(merged(before, users={address: user}))

    assert done.returncode == 3
    assert f"{address}.quota_mb" in done.stdout + done.stderr
    assert directory.declared() == before


@pytest.mark.feature("F132")
def test_a_quota_changes_in_place(directory: Directory, mail: Mail) -> None:
    """Another quota counts at once, and the mail stays."""
    address, subject = f"{token()}@example.org", token()
    with directory.newcomer(address, quota_mb=200) as account:
        with mail.imap(account) as client:
            client.append("INBOX", f"Subject: {subject}\r\n\r\nCiao\r\n")
        with directory.changed(users={address: {"quota_mb": 300}}):
            wait_for("the new quota", lambda: limit(mail, account) == 300)
            assert mail.find(account, subject)


@pytest.mark.feature("F133")
def test_used_quota_is_shown(directory: Directory, mail: Mail) -> None:
    """A new mailbox uses nothing; what is filed counts."""
    with directory.newcomer(f"{token()}@example.org") as account:
        assert used(mail, account) == 0
        with mail.imap(account) as client:
            client.append("INBOX", b"Subject: x\r\n\r\n" + b"x" * 76 * 40_000)
        assert used(mail, account) >= 2


@pytest.mark.feature("F130")
def test_over_quota(directory: Directory, mail: Mail, ada: Account) -> None:
    """A full mailbox warns its owner and takes no more; who writes to it is told so."""
    subject = token()
    with directory.newcomer(f"{token()}@example.org", quota_mb=100) as account:
        with mail.imap(account) as client:
            line = b"x" * 75 + b"\n"
            for part in range(5):
                body = line * (19 * MEGABYTE // 76)
                client.append("INBOX", b"Subject: part %d\r\n\r\n" % part + body)
            with pytest.raises(IMAPClientError, match="OVERQUOTA"):
                client.append("INBOX", b"Subject: part 6\r\n\r\n" + body)
        mail.send(ada, account.address, subject, ("z" * 70 + "\n") * 250_000)

        bounce = wait_for("the bounce", lambda: [
            message for message in mail.find(ada, "Undelivered") if subject in message.as_string()
        ], seconds=90)  # fmt: skip
        assert "quota" in bounce[0].as_string().lower()
        assert mail.find(account, subject) == []


@pytest.mark.feature("F126", "F166", "F138")
@pytest.mark.parametrize(
    ("kinds", "path"),
    [
        ({"users": {"x@elsewhere.test": {"name": "X", "password": PASSWORD}}}, "x@elsewhere.test"),
        (
            {"aliases": {"bob@example.org": {"destinations": ["ada@example.org"]}}},
            "bob@example.org",
        ),
        ({"groups": {"bob@example.org": {"name": "B", "members": ["ada@example.org"]}}}, "bob@"),
        ({"resources": {"info@example.org": {"name": "R", "kind": "thing"}}}, "info@example.org"),
        ({"users": {"bob@example.org": {"local_delivery": False}}}, "bob@example.org"),
    ],
)
def test_a_wrong_inventory_changes_nothing(
    directory: Directory, kinds: dict[str, dict[str, object]], path: str
) -> None:
    """A foreign domain, an address that is taken, nowhere to deliver: refused with its path."""
    before = directory.declared()

    done = directory.apply(merged(before, **kinds))

    assert done.returncode == 3, done.stdout
    assert path in done.stdout + done.stderr
    assert directory.declared() == before


@pytest.mark.feature("F137", "F139", "F140", "F141")
@pytest.mark.parametrize("local", [True, False])
def test_redirect_to_the_outside(
    directory: Directory, mail: Mail, outside: Outside, local: bool
) -> None:
    """A redirect leaves unchanged with an envelope sender of ours; a copy stays where it should."""
    subject, address = token(), f"{token()}@example.org"
    with directory.newcomer(
        address, redirect_to=["friend@outside.test"], local_delivery=local
    ) as account:
        message = compose(f"Somebody <{STRANGER}>", address, subject, "Perché no?\n")
        mail.deliver(STRANGER, [address], message)

        sent = outside.wait_for(subject)
        if local:
            mail.wait_for(account, subject)
        else:
            assert mail.find(account, subject) == []

    assert sent.recipients == ["friend@outside.test"]
    assert sent.sender != STRANGER, "SPF of the stranger's domain would fail"
    assert sent.sender.lower().startswith("srs0=")
    assert sent.message["Subject"] == subject
    assert str(sent.message["From"]) == f"Somebody <{STRANGER}>"
    assert sent.message["Message-ID"] == message["Message-ID"]
    assert sent.message.get_content().splitlines() == ["Perché no?"]
    shown = [value for name, value in sent.message.items() if name not in {"Received", "To"}]
    assert not any(address in value for value in shown)


@pytest.mark.feature("F139")
def test_a_made_up_return_path_is_refused(appliance: Appliance) -> None:
    """A rewritten sender that we did not make is no address: nobody relays bounces through us."""
    with smtplib.SMTP(
        appliance.host, appliance.ports["smtp"], "mx.outside.test", timeout=60
    ) as client:
        client.ehlo()
        client.mail("")
        code, _ = client.rcpt("SRS0=xxxx=AA=outside.test=stranger@mail.example.org")

    assert code >= 500


@pytest.mark.feature("F139", "F140")
def test_a_bounce_of_a_redirect_goes_back(
    directory: Directory, mail: Mail, outside: Outside
) -> None:
    """Where the redirect's target refuses, the stranger is told."""
    subject, address = token(), f"{token()}@example.org"
    with directory.newcomer(
        address, redirect_to=["refused@outside.test"], local_delivery=False
    ) as account:
        mail.deliver(STRANGER, [account.address], compose(STRANGER, address, subject))

        bounce = outside.wait_for(subject)

    assert bounce.sender == ""
    assert bounce.recipients == [STRANGER]


@pytest.mark.feature("F152", "F153", "F155", "F156", "F157", "F160")
@pytest.mark.parametrize("kind", ["aliases", "groups"])
def test_who_gets_the_mail_can_be_changed(
    directory: Directory, mail: Mail, ada: Account, bob: Account, kind: str
) -> None:
    """Another destination counts for the next message; a deleted address is refused."""
    address = f"{token()}@example.org"
    field = "destinations" if kind == "aliases" else "members"
    extra = {} if kind == "aliases" else {"name": "Gruppo"}
    first, second = token(), token()
    with directory.changed(**{kind: {address: {field: [ada.address], **extra}}}):
        mail.deliver(STRANGER, [address], compose(STRANGER, address, first))
        mail.wait_for(ada, first)
        with directory.changed(**{kind: {address: {field: [bob.address]}}}):
            mail.deliver(STRANGER, [address], compose(STRANGER, address, second))
            mail.wait_for(bob, second)
            assert mail.find(ada, second) == []

    with pytest.raises(Exception, match="550"):
        mail.deliver(STRANGER, [address], compose(STRANGER, address, token()))


@pytest.mark.feature("F154", "F158")
def test_the_address_book_shows_groups_and_no_aliases(shell: Shell) -> None:
    """What the webmail looks people up in has the groups and has no alias."""
    rows = shell.sql("select mail from sogo.users")
    found = {row[0] for row in rows}

    assert {"ada@example.org", "sales@example.org", "sala.riunioni@example.org"} <= found
    assert not found & {"info@example.org", "postmaster@example.org"}


def test_a_removed_user_is_closed_at_once(directory: Directory, mail: Mail, shell: Shell) -> None:
    """Who is no longer declared neither logs in nor gets mail, and the mailbox is kept."""
    address = f"{token()}@example.org"
    with directory.newcomer(address) as account:
        with mail.imap(account) as client:
            client.append("INBOX", b"Subject: x\r\n\r\nCiao\r\n")
        home = shell.run("doveadm", "user", "-f", "home", address).strip()

    with mail.imap_connect() as client, pytest.raises(LoginError):
        client.login(address, PASSWORD)
    with pytest.raises(Exception, match="550"):
        mail.deliver(STRANGER, [address], compose(STRANGER, address, token()))
    shell.run("test", "-d", home)


def test_many_removals_need_a_word(directory: Directory) -> None:
    """More than a tenth of the users vanishing at once is refused, and nothing changes."""
    before = directory.declared()
    fewer = {**before, "mail_resources": {}}

    done = directory.apply(fewer)

    assert done.returncode == 4, done.stdout
    assert directory.declared() == before


def test_export_and_apply_again_change_nothing(directory: Directory) -> None:
    """What was exported is what is there."""
    done = directory.apply(directory.declared())

    assert json.loads(done.stdout)["changed"] is False


def limit(mail: Mail, account: Account) -> int:
    """Return the quota that IMAP tells, in MB."""
    with mail.imap(account) as client:
        return int(storage(client.get_quota_root("INBOX")).limit) // 1024


def used(mail: Mail, account: Account) -> int:
    """Return the used storage that IMAP tells, in MB."""
    with mail.imap(account) as client:
        return int(storage(client.get_quota_root("INBOX")).usage) // 1024


def storage(answer: tuple[object, list[object]]) -> object:
    """Return the storage part of a GETQUOTAROOT answer (RFC 9208, section 4.1)."""
    return next(quota for quota in answer[1] if getattr(quota, "resource", "") == "STORAGE")
