"""
A stub resolver for the doctor: one question over UDP, over TCP where the answer was cut.

Python's own library knows addresses only; MX and TXT records need the real protocol (RFC 1035).
"""

import secrets
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

TYPES = {"A": 1, "CNAME": 5, "MX": 15, "TXT": 16, "AAAA": 28}
_TRUNCATED = 0x0200
_NXDOMAIN = 3
SECONDS = 3.0
"""Seconds to wait for a name server."""
PATIENCE = 3
"""Questions in a row without an answer after which none is asked any more."""


class AnswerError(Exception):
    """A name server's answer can't be read, or says that it could not answer."""


def encode_question(number: int, name: str, kind: str) -> bytes:
    """Return the message that asks for *name* (RFC 1035, section 4.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    header = struct.pack("!6H", number, 0x0100, 1, 0, 0, 0)  # recursion desired
    return header + labels + b"\0" + struct.pack("!2H", TYPES[kind], 1)


def is_cut(message: bytes) -> bool:
    """Tell whether the answer did not fit (RFC 1035, section 4.1.1, TC)."""
    return len(message) >= 4 and bool(struct.unpack_from("!H", message, 2)[0] & _TRUNCATED)


def decode_answer(message: bytes, number: int, kind: str) -> list[str]:
    """
    Return the data of the records of *kind* in *message*, none where the name does not exist.

    Names have no final dot; a TXT record's strings are joined. Raises AnswerError.
    """
    try:
        got, flags, questions, answers, _, _ = struct.unpack_from("!6H", message)
        if got != number or flags & 0x000F not in (0, _NXDOMAIN):
            raise AnswerError(f"the name server answers with code {flags & 0x000F}")
        at = 12
        for _ in range(questions):
            _, at = _name(message, at)
            at += 4
        found = []
        for _ in range(answers):
            _, at = _name(message, at)
            type_, _, _, length = struct.unpack_from("!2HIH", message, at)
            at += 10
            if type_ == TYPES[kind]:
                found.append(_READERS[kind](message, at, length))
            at += length
    except (struct.error, IndexError, ValueError) as error:
        raise AnswerError("the answer can't be read") from error
    return found


class Resolver:
    """Asks *servers*, one after the other, until one answers."""

    def __init__(self, servers: Sequence[str]) -> None:
        self._servers = tuple(servers)
        self._silence = 0

    def query(self, name: str, kind: str) -> list[str] | None:
        """Return the data of the records of *kind* that *name* has; None where nobody answers."""
        for server in self._servers if self._silence < PATIENCE else ():
            number = secrets.randbelow(1 << 16)
            question = encode_question(number, name, kind)
            try:
                message = _over_udp(server, question)
                if is_cut(message):
                    message = _over_tcp(server, question)
                answer = decode_answer(message, number, kind)
            except (OSError, AnswerError):
                continue
            self._silence = 0
            return answer
        self._silence += 1
        return None


def system_resolver(path: Path = Path("/etc/resolv.conf")) -> Resolver:
    """Return a resolver that asks the name servers of this machine."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        lines = []
    return Resolver([words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"])


def _over_udp(server: str, question: bytes) -> bytes:
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as channel:
        channel.settimeout(SECONDS)
        channel.connect((server, 53))
        channel.send(question)
        return channel.recv(65535)


def _over_tcp(server: str, question: bytes) -> bytes:
    with closing(socket.create_connection((server, 53), timeout=SECONDS)) as channel:
        channel.sendall(struct.pack("!H", len(question)) + question)
        stream = channel.makefile("rb")
        (length,) = struct.unpack("!H", stream.read(2))
        return stream.read(length)


def _name(message: bytes, at: int) -> tuple[str, int]:
    """Return the name at *at* and the offset behind it (RFC 1035, section 4.1.4)."""
    labels: list[str] = []
    behind = None
    for _ in range(128):  # a name has at most 127 labels: pointers that lead in circles end here
        length = message[at]
        if length >= 0xC0:
            behind = behind or at + 2
            at = struct.unpack_from("!H", message, at)[0] & 0x3FFF
        elif length:
            labels.append(message[at + 1 : at + 1 + length].decode("ascii"))
            at += 1 + length
        else:
            return ".".join(labels), behind or at + 1
    raise AnswerError("a name has no end")


def _address(message: bytes, at: int, length: int) -> str:
    family = socket.AF_INET if length == 4 else socket.AF_INET6
    return socket.inet_ntop(family, message[at : at + length])


def _exchange(message: bytes, at: int, _length: int) -> str:
    return f"{struct.unpack_from('!H', message, at)[0]} {_name(message, at + 2)[0]}"


def _text(message: bytes, at: int, length: int) -> str:
    end, parts = at + length, []
    while at < end:
        parts.append(message[at + 1 : at + 1 + message[at]])
        at += 1 + message[at]
    return b"".join(parts).decode("utf-8", errors="replace")


_READERS: dict[str, Callable[[bytes, int, int], str]] = {
    "A": _address,
    "AAAA": _address,
    "MX": _exchange,
    "TXT": _text,
    "CNAME": lambda message, at, _length: _name(message, at)[0],
}
