from __future__ import annotations

import base64
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.mail import Mail
    from fermoposta_demo.appliance import Account

SECONDS = 60


@dataclass
class ManageSieve:
    """A client of the Sieve scripts of one mailbox (RFC 5804)."""

    stream: BinaryIO

    def command(self, text: str) -> str:
        """Send a command and return all that is answered, up to OK, NO or BYE."""
        self.stream.write(text.encode() + b"\r\n")
        self.stream.flush()
        return self.answer()

    def answer(self) -> str:
        """Read up to OK, NO or BYE, with the literals on the way."""
        read = []
        while True:
            line = self.stream.readline().decode()
            assert line, f"the server hung up after {read}"
            read.append(line)
            if line.endswith("}\r\n") and "{" in line:
                size = int(line[line.rindex("{") + 1 : -3].rstrip("+"))
                read.append(self.stream.read(size).decode())
                read.append(self.stream.readline().decode())
            if line.startswith(("OK", "NO", "BYE")):
                return "".join(read)

    def put(self, name: str, script: str) -> str:
        """Upload a script and return the answer."""
        size = len(script.encode())
        return self.command(f'PUTSCRIPT "{name}" {{{size}+}}\r\n{script}')


@contextmanager
def managesieve(mail: Mail, account: Account) -> Iterator[ManageSieve]:
    """Log in by STARTTLS and PLAIN."""
    where = (mail.appliance.host, mail.appliance.ports["sieve"])
    plain = socket.create_connection(where, SECONDS)
    client = ManageSieve(plain.makefile("rwb"))
    client.answer()
    assert client.command("STARTTLS").startswith("OK")
    with mail.context.wrap_socket(plain, server_hostname=mail.appliance.host) as secure:
        client = ManageSieve(secure.makefile("rwb"))
        client.answer()
        login = base64.b64encode(f"\0{account.address}\0{account.password}".encode()).decode()
        answer = client.command(f'AUTHENTICATE "PLAIN" "{login}"')
        assert answer.startswith("OK"), answer
        yield client
        client.command("LOGOUT")
