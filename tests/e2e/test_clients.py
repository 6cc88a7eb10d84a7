from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from clients.mail import token

if TYPE_CHECKING:
    from pathlib import Path

    from clients.mail import Mail

    from fermoposta_demo.appliance import Account, Appliance

SYNC = """\
IMAPAccount fermoposta
Host {host}
Port {port}
User {user}
PassCmd "cat {secret}"
SSLType IMAPS
CertificateFile {ca}

IMAPStore far
Account fermoposta

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Near
SyncState *
"""


def run(*command: str, stdin: str | None = None) -> str:
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, f"{command[0]}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.feature("F006", "F007", "F020", "F021", "F022", "F025")
@pytest.mark.parametrize(("service", "tls"), [("submission", "--tls"), ("submissions", "--tlsc")])
def test_swaks_sends(
    appliance: Appliance, mail: Mail, ada: Account, bob: Account, service: str, tls: str
) -> None:
    """Swaks sends through 587 and 465, and checks the certificate."""
    subject = token()
    server = f"{appliance.host}:{appliance.ports[service]}"
    run(
        "swaks", "--server", server, tls, "--tls-verify", "--tls-ca-path", appliance.ca_file,
        "--auth", "PLAIN", "--auth-user", ada.address, "--auth-password", ada.password or "",
        "--from", ada.address, "--to", bob.address, "--header", f"Subject: {subject}",
    )  # fmt: skip

    mail.wait_for(bob, subject)


@pytest.mark.feature("F001", "F003", "F004", "F020", "F021", "F022", "F025")
@pytest.mark.parametrize(
    ("scheme", "service"), [("imaps", "imaps"), ("imaps", "imaps_alt"), ("pop3s", "pop3s")]
)
def test_curl_reads(
    appliance: Appliance, mail: Mail, bob: Account, ada: Account, scheme: str, service: str
) -> None:
    """Curl reads the inbox on 993, 9993 and 995, and checks the certificate."""
    subject = token()
    mail.send(ada, bob.address, subject)
    mail.wait_for(bob, subject)
    url = f"{scheme}://{appliance.host}:{appliance.ports[service]}/"
    config = f'user = "{bob.address}:{bob.password}"\n'
    command = ["curl", "--silent", "--show-error", "--cacert", appliance.ca_file, "--config", "-"]

    listed = run(*command, url, stdin=config)

    assert "INBOX" in listed or listed.split()[0] == "1"


@pytest.mark.feature("F001", "F023", "F020", "F021", "F022")
def test_mbsync_syncs(appliance: Appliance, mail: Mail, ada: Account, tmp_path: Path) -> None:
    """Mbsync copies a mailbox, and a second run finds nothing to do."""
    chiara = appliance.account("chiara@example.org")
    subject = token()
    mail.send(ada, chiara.address, subject)
    mail.wait_for(chiara, subject)
    secret = tmp_path / "secret"
    secret.write_text(chiara.password or "")
    folder = tmp_path / "mail"
    folder.mkdir()
    config = tmp_path / "mbsyncrc"
    config.write_text(
        SYNC.format(
            host="localhost",  # mbsync 1.4 holds certificates against names only
            port=appliance.ports["imaps"],
            user=chiara.address,
            secret=secret,
            ca=appliance.ca_file,
            folder=folder,
        )
    )

    run("mbsync", "--config", str(config), "--all")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    run("mbsync", "--config", str(config), "--all")
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}

    assert any("cur" in path.parts or "new" in path.parts for path in after)
    messages = [path for path in before if path.parent.name in {"cur", "new"}]
    assert sorted(messages) == sorted(p for p in after if p.parent.name in {"cur", "new"})


@pytest.mark.feature("F014")
def test_one_name_for_everything(appliance: Appliance) -> None:
    """The certificate of every TLS port is good for the one host name."""
    for service in ("imaps", "imaps_alt", "pop3s", "submissions", "https"):
        target = f"{appliance.host}:{appliance.ports[service]}"
        run(
            "openssl", "s_client", "-connect", target, "-servername", "mail.example.org",
            "-verify_hostname", "mail.example.org", "-verify_return_error",
            "-CAfile", appliance.ca_file, "-brief", stdin="",
        )  # fmt: skip


@pytest.mark.feature("F011")
def test_webmail_answers(appliance: Appliance) -> None:
    """The webmail's log-in page comes over HTTPS, and plain HTTP leads there."""
    port = appliance.ports["https"]
    resolve = ["--resolve", f"mail.example.org:{port}:{appliance.host}"]
    command = ["curl", "--silent", "--show-error", "--cacert", appliance.ca_file, *resolve]

    page = run(*command, "--location", appliance.urls["webmail"])
    assert "<html" in page.lower()

    plain = appliance.ports["http"]
    resolve = ["--resolve", f"mail.example.org:{plain}:{appliance.host}"]
    head = run("curl", "--silent", "--head", *resolve, f"http://mail.example.org:{plain}/")
    assert "301" in head.splitlines()[0]
    assert "location: https://" in head.lower()
