"""Distribution lists of one's own, in the portal."""

from __future__ import annotations

import pytest

from fermoposta.mailstore.lists import DistributionList, Member

BOB = "bob@example.org"
PAGE, NEW = "/settings/lists", "/settings/lists/new"


@pytest.fixture
def bob(browser):
    browser.sign_in(BOB)
    return browser


@pytest.mark.feature("F062")
def test_a_list_is_made_changed_and_removed(bob, mailboxes) -> None:
    """Members are typed, or chosen out of the company's address book; each is there once."""
    assert "Ada Lovelace (ada@example.org)" in bob.get(NEW).text
    assert "Zoe Neri &lt;zoe@example.org&gt;" in bob.get(NEW).text
    typed = "Eve & Co <eve@far.example>\n\nzoe@far.example\nzoe@far.example"
    picked = "Ada Lovelace <ada@example.org>"

    assert bob.send(NEW, page=NEW, name="Calcio <b>", members=typed, pick=picked).status_code == 303

    [made] = mailboxes.books[BOB]
    assert made.members == (
        Member("eve@far.example", "Eve & Co"),
        Member("zoe@far.example"),
        Member("ada@example.org", "Ada Lovelace"),
    )
    assert "Calcio &lt;b&gt;" in bob.get(PAGE).text
    mailboxes.books[BOB] = [
        DistributionList(made.id, made.name, (Member("zoe@far.example", "Zoe", "z.vcf"),), "1")
    ]
    edit = f"{PAGE}/edit?id={made.id}"
    assert "Zoe &lt;zoe@far.example&gt;" in bob.get(edit).text
    stale = bob.send(edit, page=edit, name="x", members="zoe@far.example", etag="0")
    assert stale.status_code == 422
    assert "nel frattempo" in stale.text
    sent = bob.send(edit, page=edit, name="x", members="zoe@far.example", etag="1")
    assert sent.status_code == 303
    [changed] = mailboxes.books[BOB]
    assert (changed.name, changed.members) == ("x", (Member("zoe@far.example", "", "z.vcf"),))

    assert bob.send(f"{PAGE}/end", page=PAGE, id=made.id).status_code == 303
    assert mailboxes.books[BOB] == []
    assert bob.send(f"{PAGE}/end", page=NEW, id=made.id).status_code == 404
    assert bob.get(edit).status_code == 404


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " ", "members": "zoe@far.example"}, "name"),
        ({"name": "x", "members": "nobody"}, "members"),
        ({"name": "x", "members": "\n"}, "members"),
        ({"name": "x", "members": "\n".join(f"u{n}@far.example" for n in range(501))}, "members"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(bob, mailboxes, fields, field: str) -> None:
    """What was typed is still there."""
    answer = bob.send(NEW, page=NEW, **fields)

    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert fields["members"].strip().splitlines()[:1] == [] or "</textarea>" in answer.text
    assert mailboxes.books.get(BOB, []) == []


def test_a_book_that_is_away_is_said_to_be(bob, mailboxes) -> None:
    """And nothing is lost."""
    mailboxes.away = True
    assert bob.get(PAGE).status_code == 503
    assert bob.get(f"{PAGE}/edit?id=x").status_code == 503
    assert bob.send(NEW, page=NEW, name="x", members="zoe@far.example").status_code == 503
