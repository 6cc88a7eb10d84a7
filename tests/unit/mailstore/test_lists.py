"""Distribution lists as SOGo keeps them, against a server that knows as much of CardDAV."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpx
import pytest

from fermoposta.mailstore import lists
from fermoposta.mailstore.lists import (
    DistributionList,
    ListBook,
    ListError,
    ListGoneError,
    Member,
)

if TYPE_CHECKING:
    from pathlib import Path

ADA = "ada@example.org"
BOOK = f"/SOGo/dav/{ADA}/Contacts/personal/"


class Server:
    """The objects of one book, with their ETags."""

    def __init__(self) -> None:
        self.there: dict[str, tuple[str, str]] = {}
        self.count = 0
        self.away = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["User-Agent"].startswith("fermoposta")
        assert request.headers["Authorization"]
        assert request.headers["Connection"] == "close"
        path = unquote(request.url.path)
        assert path.startswith(BOOK)
        if self.away:
            raise httpx.ConnectError("away")
        name, body = path.removeprefix(BOOK), request.content.decode()
        if request.method in ("PROPFIND", "REPORT"):
            wanted = re.findall("<c:text-match>(.*)</c:text-match>", body) or [""]
            found = [each for each, (text, _) in self.there.items() if wanted[0] in text.lower()]
            return self._multistatus(found)
        if request.method == "PUT":
            agrees = self._agrees(request, name)
            if agrees:
                self.count += 1
                self.there[name] = (body, f'"{self.count}"')
            return httpx.Response(201 if agrees else 412)
        if name not in self.there:
            return httpx.Response(404)
        text, etag = self.there[name]
        if request.method == "DELETE":
            del self.there[name]
        return httpx.Response(200, text=text, headers={"ETag": etag})

    def _agrees(self, request: httpx.Request, name: str) -> bool:
        if request.headers.get("If-None-Match") == "*":
            return name not in self.there
        return name in self.there and request.headers["If-Match"] == self.there[name][1]

    def _multistatus(self, names: object) -> httpx.Response:
        parts = "".join(
            f"<d:response><d:href>{BOOK}{name}</d:href><d:propstat><d:prop>"
            f"<c:address-data><![CDATA[{self.there[name][0]}]]></c:address-data>"
            "</d:prop></d:propstat></d:response>"
            for name in names
        )
        space = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"'
        return httpx.Response(207, text=f"<d:multistatus {space}>{parts}</d:multistatus>")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def book(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ListBook:
    """A book at *server*."""
    (tmp_path / "secret").write_text("secret\n")
    transport, client = httpx.MockTransport(server), httpx.Client
    monkeypatch.setattr(
        lists.httpx, "Client", lambda **more: client(**(more | {"transport": transport}))
    )
    return ListBook("http://127.0.0.1:1/SOGo", tmp_path / "secret")


def test_a_list_is_kept_changed_and_removed(book: ListBook, server: Server) -> None:
    """Members have cards: one that is there is used, another is made."""
    card = "BEGIN:VCARD\r\nFN:Bob\r\nitem1.EMAIL;TYPE=work:Bob@example.org\r\nEND:VCARD\r\n"
    server.there["bob.vcf"] = (card, '"0"')
    members = (
        Member("bob@example.org", "Bob, il grande"),
        Member("eve@far.example", "Eve; O'Neil"),
    )

    book.keep(ADA, DistributionList("", "Calcio; e, altro", members))

    [made] = book.lists(ADA)
    assert made.name == "Calcio; e, altro"
    assert [(each.address, each.name) for each in made.members] == [
        ("bob@example.org", "Bob, il grande"),
        ("eve@far.example", "Eve; O'Neil"),
    ]
    assert made.members[0].card == "bob.vcf"
    assert "FN:Eve\\; O'Neil\r\n" in server.there[made.members[1].card][0]
    less = DistributionList(made.id, "Calcio", made.members[1:], made.etag)
    assert book.keep(ADA, less) == made.id
    assert [each.members for each in book.lists(ADA)] == [made.members[1:]]
    with pytest.raises(ListGoneError):
        book.keep(ADA, less)
    book.remove(ADA, made.id)
    assert book.lists(ADA) == []
    assert len(server.there) == 2, "the cards stay"


@pytest.mark.parametrize("name", ["bob.vcf", "../x.vlf", "x", "y.vlf"])
def test_only_lists_are_removed(book: ListBook, server: Server, name: str) -> None:
    """Whatever name somebody sends."""
    server.there["bob.vcf"] = ("BEGIN:VCARD\r\nEND:VCARD\r\n", '"0"')

    with pytest.raises(ListGoneError):
        book.remove(ADA, name)

    assert "bob.vcf" in server.there


def test_what_is_no_list_is_left_out(book: ListBook, server: Server) -> None:
    """Another program may have stored anything under such a name."""
    server.there["a.vlf"] = ("BEGIN:VCARD\r\nFN:x\r\nEND:VCARD\r\n", '"0"')
    server.there["b.vlf"] = ("rubbish", '"0"')

    assert book.lists(ADA) == []


def test_a_server_that_is_away_is_said_to_be(book: ListBook, server: Server) -> None:
    """And a secret that can't be read, too."""
    server.away = True
    with pytest.raises(ListError, match="away"):
        book.lists(ADA)
    book.secret_file.unlink()
    with pytest.raises(ListError, match="secret"):
        book.lists(ADA)
