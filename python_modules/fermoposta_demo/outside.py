"""The rest of the world, for a host without one: an SMTP server that keeps what is sent to it.

It runs on the test host itself, under that host's Python and with its standard library alone, so
that no mail of a demo or a test ever leaves the machine. The appliance takes it for its smarthost
(`postfix_relay`).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from pathlib import Path

PORT = 2525
# The names differ from those of the appliance's own services, which are confined and restarted by
# pattern.
NAME = "outside-world"
FOLDER = Path("/var/lib") / NAME
SCRIPT = f"/opt/{NAME}.py"
UNIT = """\
[Unit]
Description=The rest of the world, as seen from a test host

[Service]
ExecStart=/usr/bin/python3 -I {script} {folder}
DynamicUser=yes
StateDirectory=outside-world
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""
_NUMBERS = itertools.count(1)


class Session:
    """One SMTP session (RFC 5321) that takes every sender, recipient and message.

    A recipient whose local part is `refused` gets 550, one that is `busy` 451, so that bounces and
    retries can be seen.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, folder: Path
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._folder = folder
        self._sender = ""
        self._recipients: list[str] = []

    async def serve(self) -> None:
        """Talk until the client quits or hangs up."""
        await self._say("220 outside.test ESMTP")
        while line := await self._reader.readline():
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            verb = text.split(" ", 1)[0].upper()
            if verb == "QUIT":
                await self._say("221 2.0.0 Bye")
                break
            if verb == "DATA":
                await self._take()
            else:
                await self._say(self._answer(verb, text))
        self._writer.close()

    def _answer(self, verb: str, text: str) -> str:
        if verb == "EHLO":
            return "250-outside.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 104857600"
        if verb == "MAIL":
            self._sender, self._recipients = _path(text), []
        if verb == "RSET":
            self._sender, self._recipients = "", []
        if verb == "RCPT":
            address = _path(text)
            if address.startswith("refused@"):
                return "550 5.1.1 No such user"
            if address.startswith("busy@"):
                return "451 4.3.0 Try again later"
            self._recipients.append(address)
        return "250 2.0.0 Ok"

    async def _take(self) -> None:
        if not self._recipients:
            await self._say("554 5.5.1 No valid recipients")
            return
        await self._say("354 Go on")
        lines: list[bytes] = []
        while (line := await self._reader.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b".") else line)
        self._keep(b"".join(lines))
        await self._say("250 2.0.0 Kept")

    def _keep(self, message: bytes) -> None:
        """Write the message under a name of its own, whole or not at all."""
        record = {
            "sender": self._sender,
            "recipients": self._recipients,
            "message": message.decode("latin-1"),
        }
        name = f"{time.time_ns():020d}-{next(_NUMBERS):06d}.json"
        draft = self._folder / f".{name}"
        draft.write_text(json.dumps(record))
        draft.chmod(0o644)
        draft.rename(self._folder / name)

    async def _say(self, answer: str) -> None:
        self._writer.write(answer.encode() + b"\r\n")
        await self._writer.drain()


def _path(text: str) -> str:
    """Return the address of a MAIL or RCPT command (RFC 5321, section 4.1.2)."""
    return text.partition("<")[2].partition(">")[0]


async def serve(folder: Path, port: int = PORT) -> None:
    """Serve on loopback until stopped."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Session(reader, writer, folder).serve()

    server = await asyncio.start_server(talk, "127.0.0.1", port, limit=1 << 20)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
