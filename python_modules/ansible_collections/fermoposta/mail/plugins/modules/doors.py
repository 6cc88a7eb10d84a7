#!/usr/bin/python
# Copyright: the Fermoposta authors
# Apache License 2.0 (see LICENSE)
from __future__ import annotations

DOCUMENTATION = r"""
module: doors
short_description: Knock at every port, and say which does not answer as it should
version_added: 0.1.0
author: Fermoposta
description:
  - Each port must answer under TLS with the host's own certificate, valid for its name.
  - Where TLS starts within a connection, nothing may be offered to log in with before that.
  - Runs on the host, and comes from another loopback address than it goes to, since Dovecot trusts
    a connection within one address as if it were encrypted.
  - Sends no password and no mail.
options:
  host:
    description: Name that the certificate must be for.
    type: str
    required: true
  doors:
    description: Port number to the protocol that starts there.
    type: dict
    required: true
  certificate:
    description: Chain that must be presented, in PEM, the server's own certificate first.
    type: path
    default: /etc/fermoposta/tls/fullchain.pem
  ca_file:
    description: Authority that the certificate must lead to. The system's own where it is missing.
    type: path
    default: /etc/fermoposta/tls/ca.pem
  seconds:
    description: How long a door may take to answer.
    type: int
    default: 10
attributes:
  check_mode:
    description: It only ever reads.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Knock at every port
  fermoposta.mail.doors:
    host: mail.example.org
    doors: {993: tls, 143: imap, 587: smtp, 443: tls}
"""

RETURN = r"""
problems:
  description: A sentence for each door that is not as it should be.
  type: list
  elements: str
  returned: failure
"""

import imaplib
import poplib
import smtplib
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = "127.0.0.1"
FROM = ("127.0.0.2", 0)


class DoorError(Exception):
    """A door is not as it should be; the text says how."""


def tls(host: str, port: int, context: ssl.SSLContext, seconds: int) -> bytes | None:
    """Return the certificate of a port that starts with TLS."""
    plain = socket.create_connection((HERE, port), seconds, FROM)
    with context.wrap_socket(plain, server_hostname=host) as door:
        return door.getpeercert(binary_form=True)


def smtp(host: str, port: int, context: ssl.SSLContext, seconds: int) -> bytes | None:
    """Return the certificate behind SMTP's STARTTLS (RFC 3207)."""
    with smtplib.SMTP(HERE, port, host, seconds, FROM) as door:
        door.ehlo()
        refuse_if("auth" in door.esmtp_features, "offers AUTH before TLS")
        door._host = host  # noqa: SLF001 - smtplib checks the name that it connected to
        door.starttls(context=context)
        return certificate_of(door.sock)


def imap(host: str, port: int, context: ssl.SSLContext, seconds: int) -> bytes | None:
    """Return the certificate behind IMAP's STARTTLS (RFC 9051, section 6.2.1)."""

    class FromElsewhere(imaplib.IMAP4):
        def _create_socket(self, _timeout: float | None) -> socket.socket:
            return socket.create_connection((HERE, port), seconds, FROM)

    with FromElsewhere(host, port) as door:
        refuse_if("LOGINDISABLED" not in door.capabilities, "allows LOGIN before TLS")
        door.starttls(context)
        return certificate_of(door.sock)


def pop3(host: str, port: int, context: ssl.SSLContext, seconds: int) -> bytes | None:
    """Return the certificate behind POP3's STLS (RFC 2595, section 4)."""

    class FromElsewhere(poplib.POP3):
        def _create_socket(self, _timeout: float | None) -> socket.socket:
            return socket.create_connection((HERE, port), seconds, FROM)

    door = FromElsewhere(host, port)
    try:
        offered = door.capa()
        refuse_if("USER" in offered or bool(offered.get("SASL")), "allows USER before TLS")
        door.stls(context)
        return certificate_of(door.sock)
    finally:
        door.quit()


def sieve(host: str, port: int, context: ssl.SSLContext, seconds: int) -> bytes | None:
    """Return the certificate behind ManageSieve's STARTTLS (RFC 5804, section 2.2)."""
    with socket.create_connection((HERE, port), seconds, FROM) as plain:
        greeting = answer(plain)
        refuse_if(b'"SASL" ""' not in greeting, "offers AUTHENTICATE before TLS")
        plain.sendall(b"STARTTLS\r\n")
        answer(plain)
        with context.wrap_socket(plain, server_hostname=host) as door:
            return door.getpeercert(binary_form=True)


def answer(plain: socket.socket) -> bytes:
    """Return an answer of ManageSieve, up to its OK (RFC 5804, section 1.2)."""
    said = b""
    while not said.startswith(b"OK") and b"\r\nOK" not in said:
        more = plain.recv(4096)
        refuse_if(not more or said.startswith(b"NO"), "does not go on to TLS")
        said += more
    return said


PROTOCOLS: dict[str, Callable[[str, int, ssl.SSLContext, int], bytes | None]] = {
    "tls": tls,
    "smtp": smtp,
    "imap": imap,
    "pop3": pop3,
    "sieve": sieve,
}


def refuse_if(wrong: bool, how: str) -> None:
    """Raise DoorError where something is *wrong*."""
    if wrong:
        raise DoorError(how)


def certificate_of(door: socket.socket | None) -> bytes | None:
    """Return what a connection under TLS was shown."""
    return door.getpeercert(binary_form=True) if isinstance(door, ssl.SSLSocket) else None


def knock(
    kind: str, *, host: str, port: int, context: ssl.SSLContext, expected: bytes, seconds: int
) -> str:
    """Return what is wrong with one door; nothing where it is as it should be."""
    try:
        shown = PROTOCOLS[kind](host, port, context, seconds)
    except (OSError, smtplib.SMTPException, imaplib.IMAP4.error, poplib.error_proto) as error:
        return f"port {port}: {error}"
    except DoorError as error:
        return f"port {port}: {error}"
    if shown != expected:
        return f"port {port}: shows another certificate than the file; reload its daemon"
    return ""


def main() -> None:
    """Fail with every door that is not as it should be."""
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "required": True},
            "doors": {"type": "dict", "required": True},
            "certificate": {"type": "path", "default": "/etc/fermoposta/tls/fullchain.pem"},
            "ca_file": {"type": "path", "default": "/etc/fermoposta/tls/ca.pem"},
            "seconds": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    known = Path(wanted["ca_file"]).exists()
    context = ssl.create_default_context(cafile=wanted["ca_file"] if known else None)
    leaf = Path(wanted["certificate"]).read_text().partition("-----END")[0]
    expected = ssl.PEM_cert_to_DER_cert(f"{leaf}-----END CERTIFICATE-----\n")
    knocks = [
        knock(
            kind,
            host=wanted["host"],
            port=int(port),
            context=context,
            expected=expected,
            seconds=wanted["seconds"],
        )
        for port, kind in wanted["doors"].items()
    ]
    problems = [problem for problem in knocks if problem]
    if problems:
        module.fail_json(msg="\n".join(problems), problems=problems)
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
