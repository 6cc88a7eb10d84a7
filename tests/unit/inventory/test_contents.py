"""Pictures and certificates, as an inventory gives them."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from fermoposta.inventory.contents import Content, certificate, picture

if TYPE_CHECKING:
    from pathlib import Path

    from fermoposta.directory.problem import Problem

PNG = b"\x89PNG\r\n\x1a\n and pixels"
JPEG = b"\xff\xd8\xff and pixels"
DER = b"\x30\x82\x01\x04\x30\x09" + b"x" * 258
PEM = (
    b"Bag Attributes\n-----BEGIN CERTIFICATE-----\n"
    + b64encode(DER)
    + b"\n-----END CERTIFICATE-----\n"
)


def inline(content: bytes) -> str:
    return f"base64:{b64encode(content).decode()}"


@pytest.mark.parametrize("content", [PNG, JPEG])
def test_a_picture_is_a_file_or_its_contents(tmp_path: Path, content: bytes) -> None:
    """Relative to the inventory's file."""
    (tmp_path / "ada.img").write_bytes(content)
    problems: list[Problem] = []

    found = picture("ada.img", "p", problems, tmp_path)

    assert found == Content(sha256(content).hexdigest(), content)
    assert picture(inline(content), "p", problems, None) == found
    assert problems == []


@pytest.mark.parametrize("content", [PEM, DER], ids=["PEM", "DER"])
def test_a_certificate_is_kept_in_der(content: bytes) -> None:
    """However it came."""
    problems: list[Problem] = []

    assert certificate(inline(content), "c", problems, None) == Content(
        sha256(DER).hexdigest(), DER
    )
    assert problems == []


def test_a_digest_stands_for_what_is_there() -> None:
    """An export holds no more than that."""
    digest = sha256(PNG).hexdigest()

    assert picture(f"sha256:{digest}", "p", [], None) == Content(digest)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (7, "is a number, not a file's name"),
        ("", "is text, not a file's name"),
        ("ada.png", "is a file, and there is no inventory beside it"),
        ("base64:???", "is no base64"),
        ("base64:{{ picture }}", "is a template, which nothing resolves here"),
        ("sha256:beef", "is no digest"),
        (inline(b"GIF89a"), "is neither a JPEG nor a PNG"),
        (inline(PNG + b"x" * 100_000), "is larger than 100 kB"),
    ],
)
def test_a_wrong_picture_is_refused(value: object, told: str) -> None:
    """With the reason."""
    problems: list[Problem] = []

    picture(value, "p", problems, None)

    assert [each.message for each in problems] == [told]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"hello", "is no certificate"),
        (DER + b"x", "is no certificate"),
        (b"\x30\x02\x02\x00", "is no certificate"),
        (b"\x30", "is no certificate"),
        (PEM + PEM, "holds 2 certificates"),
        (b"-----BEGIN PKCS7-----\n-----END PKCS7-----", "holds no certificate"),
        (PEM + b"-----BEGIN RSA PRIVATE KEY-----\n", "holds a private key"),
        (PEM.replace(b"MII", b"?!*", 1), "is no certificate"),
        (b"\x30\x82\x2e\xe0\x30" + b"x" * 11_999, "is larger than 10 kB"),
    ],
)
def test_a_wrong_certificate_is_refused(content: bytes, told: str) -> None:
    """A chain, a key, or what only looks like one."""
    problems: list[Problem] = []

    certificate(inline(content), "c", problems, None)

    assert [each.message for each in problems] == [told]
