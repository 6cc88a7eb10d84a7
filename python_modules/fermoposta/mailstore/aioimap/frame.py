"""
Part what a server sends into answers: a line, with the literals that stand in it.

Without I/O: bytes in, answers out. An answer is a list of pieces, where every other one is the
content of a literal (RFC 9051, section 4.3): text, literal, text, … text.
"""

from __future__ import annotations

import re

from fermoposta.mailstore.aioimap.errors import ProtocolError

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of an answer without its literals: a set of UIDs with a million holes fits."""
LARGEST_LITERAL = 256 * 1024 * 1024
"""Bytes; far more than any message that the host takes."""

_LITERAL = re.compile(rb"~?\{([0-9]{1,19})\+?\}$")
_WORDS_ONLY = re.compile(
    rb"(?:\+|\* (?:OK|NO|BAD|BYE|PREAUTH)|[^ *+]+ (?:OK|NO|BAD))(?: |$)", re.IGNORECASE
)
"""These end with words for people, which may look like the start of a literal."""


class Framer:
    """Takes bytes as they come; hands out answers that are complete."""

    __slots__ = ("_buffer", "_length", "_missing", "_pieces", "_searched")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._pieces: list[bytes] = []
        self._missing = -1  # bytes of the literal that is being read; -1 within a line
        self._searched = 0  # so that a long line in small pieces is not searched again and again
        self._length = 0

    def feed(self, data: bytes) -> list[list[bytes]]:
        """
        Return the answers that *data* completes.

        Raises ProtocolError where a line or a literal is beyond all measure.
        """
        self._buffer += data
        answers = []
        while self._step():
            if self._missing < 0 and self._pieces and len(self._pieces) % 2:
                answers.append(self._pieces)
                self._pieces = []
                self._length = 0
        return answers

    def _step(self) -> bool:
        """Take one line or literal off the buffer; False where it is not all there."""
        if self._missing >= 0:
            if len(self._buffer) < self._missing:
                return False
            self._pieces.append(bytes(memoryview(self._buffer)[: self._missing]))
            del self._buffer[: self._missing]
            self._missing = -1
            return True
        end = self._buffer.find(b"\n", self._searched)
        if self._length + (len(self._buffer) if end < 0 else end) > LONGEST_LINE:
            raise ProtocolError(f"Dovecot's answer has more than {LONGEST_LINE} bytes")
        if end < 0:
            self._searched = len(self._buffer)
            return False
        line = bytes(memoryview(self._buffer)[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        self._searched = 0
        self._length += len(line)
        literal = _LITERAL.search(line[-24:])
        if literal and (self._pieces or not _WORDS_ONLY.match(line)):
            self._missing = int(literal[1])
            if self._missing > LARGEST_LITERAL:
                raise ProtocolError(f"Dovecot sends a literal of {self._missing} bytes")
            line = line[: len(line) - len(literal[0])]
        self._pieces.append(line)
        return True
