"""What people look after by themselves: restore, sharing, delegates, junk mail, absence."""

from __future__ import annotations

import html
from datetime import UTC, datetime

import pytest

from fermoposta.directory.model import (
    PROFILES,
    Delegation,
    Grant,
    JunkRule,
    Kind,
    Owner,
    State,
    User,
)
from fermoposta.portal.mine.mailboxes import Deleted

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.net"
AT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
PAGES = ("rules", "restore", "sharing", "delegates", "junk", "out-of-office")


@pytest.fixture
def state(state: State) -> State:
    """Bob shares with Ada by the inventory already; somebody of another company is there too."""
    return State.of_records(
        [
            *(record for kind in Kind for record in state.of(kind).values()),
            User("zoe@example.com", "Zoe"),
            Grant(BOB, "INBOX/Vecchia", ADA, PROFILES["read_only"]),
            JunkRule("example.org", "@ads.example", "block"),
        ]
    )


@pytest.fixture
def bob(browser):
    browser.sign_in(BOB)
    return browser


def send(browser, name: str, /, **fields):
    page = f"/settings/{name.partition('/')[0]}"
    return browser.send(f"/settings/{name}", page=page, **fields)


@pytest.mark.parametrize("name", ["", *(f"/{each}" for each in PAGES)])
@pytest.mark.feature("F050")
def test_settings_are_for_who_is_signed_in(browser, name: str) -> None:
    """Others are asked to sign in."""
    assert browser.get(f"/settings{name}").status_code == 303
    browser.sign_in(BOB)

    page = browser.get(f"/settings{name}")

    assert page.status_code == 200
    assert all(f'href="/settings/{each}"' in page.text for each in PAGES)


@pytest.fixture
def gone(mailboxes):
    """A message, a folder with one in it, and an appointment were deleted."""

    def one(key: str, kind: str, folder: str, name: str) -> Deleted:
        return Deleted(key, kind, folder, name, "x@far.example", 1000, AT, None)

    mailboxes.gone[BOB] = [
        one("mail:1", "mail", "INBOX", "Offerta <b>"),
        one("folder:INBOX/Progetti", "folder", "INBOX/Progetti", "Progetti"),
        one("mail:2", "mail", "INBOX/Progetti", "Piano"),
        one("item:3", "event", "Calendar/Personale", "Riunione"),
    ]
    mailboxes.gone[ADA] = [one("mail:9", "mail", "INBOX", "Di Ada")]
    return mailboxes


@pytest.mark.feature("F200")
@pytest.mark.feature("F205")
def test_what_was_deleted_is_listed_and_restored(bob, gone) -> None:
    """By the folder that it was deleted from; what is chosen comes back, and nothing else."""
    page = html.unescape(bob.get("/settings/restore").text)
    assert all(name in page for name in ("Offerta <b>", "Progetti", "Riunione"))
    assert "Di Ada" not in page
    assert "<b>" not in bob.get("/settings/restore").text
    folder = bob.get("/settings/restore?folder=INBOX").text
    assert "Offerta" in folder
    assert "Piano" not in folder

    assert send(bob, "restore", id=["mail:1", "item:3"]).status_code == 303

    assert [each.id for each in gone.gone[BOB]] == ["folder:INBOX/Progetti", "mail:2"]


@pytest.mark.feature("F201")
@pytest.mark.feature("F203")
def test_all_that_is_listed_is_restored(bob, gone) -> None:
    """Of one folder with what is below it, or of the whole mailbox; never of another's."""
    assert send(bob, "restore", all="1", folder="INBOX/Progetti").status_code == 303
    assert [each.id for each in gone.gone[BOB]] == ["mail:1", "item:3"]

    assert send(bob, "restore", all="1", folder="").status_code == 303
    assert gone.gone[BOB] == []
    assert len(gone.gone[ADA]) == 1


def test_what_is_not_there_is_not_restored(bob, gone) -> None:
    """Neither another's, nor what was restored before; and the page says so."""
    answer = send(bob, "restore", id="mail:9")

    assert answer.status_code == 422
    assert "già stato ripristinato" in answer.text
    assert len(gone.gone[ADA]) == 1
    gone.away = True
    assert bob.get("/settings/restore").status_code == 503


@pytest.mark.feature("F067")
@pytest.mark.feature("F086")
@pytest.mark.feature("F087")
@pytest.mark.feature("F088")
def test_a_folder_is_shared_with_several_at_once(bob, book, mailboxes) -> None:
    """From the company's address book; without a level they have no right as yet."""
    mailboxes.there[BOB] = ["INBOX", "INBOX/Progetti"]
    page = bob.get("/settings/sharing?search=ada").text
    assert 'value="ada@example.org"' in page
    assert 'value="INBOX/Progetti"' in page
    assert "zoe@example.com" not in bob.get("/settings/sharing").text
    assert EVE not in page

    assert send(bob, "sharing", folder="INBOX/Progetti", grantee=[ADA, EVE]).status_code == 303

    grants = book.state().of(Kind.GRANTS)
    for grantee in (ADA, EVE):
        grant = grants[f"{BOB} {grantee} INBOX/Progetti"]
        assert (grant.rights, grant.managed_by) == (PROFILES["no_rights"], Owner.PORTAL)


@pytest.mark.parametrize("profile", list(PROFILES))
@pytest.mark.feature("F074")
def test_a_level_is_one_of_five(bob, book, profile: str) -> None:
    """And is taken away again, after a question."""
    send(bob, "sharing", folder="calendar", grantee=ADA, profile=profile)
    assert book.state().of(Kind.GRANTS)[f"{BOB} {ADA} calendar"].rights == PROFILES[profile]

    assert send(bob, "sharing/end", folder="calendar", grantee=ADA).status_code == 303
    assert f"{BOB} {ADA} calendar" not in book.state().of(Kind.GRANTS)


@pytest.mark.feature("F075")
def test_other_rights_are_named_other(bob, book) -> None:
    """Any combination is taken."""
    rights = ["visible", "read", "create"]
    send(bob, "sharing", folder="INBOX", grantee=ADA, profile="other", right=rights)

    assert book.state().of(Kind.GRANTS)[f"{BOB} {ADA} INBOX"].rights == 0x403
    assert '<option value="other" selected>Altro' in bob.get("/settings/sharing").text


@pytest.mark.parametrize(
    "fields",
    [
        {"folder": "calendar"},
        {"folder": "calendar", "grantee": BOB},
        {"folder": "calendar", "grantee": "zoe@example.com"},
        {"folder": "calendar", "grantee": "nobody@example.org"},
        {"folder": "calendar", "grantee": "x"},
        {"folder": "../x", "grantee": ADA},
        {"folder": "calendar", "grantee": ADA, "profile": "king"},
        {"folder": "calendar", "grantee": [ADA, "zoe@example.com"], "profile": "secretary"},
        {"folder": "INBOX/Vecchia", "grantee": ADA, "profile": "owner"},
        {"folder": f"INBOX {EVE}", "grantee": f"{ADA} {BOB}", "profile": "owner"},
    ],
)
def test_what_can_not_be_shared_is_said(bob, book, fields) -> None:
    """With nobody of another company, on nobody else's folder, not over the inventory's head."""
    before = {key: each for kind in Kind for key, each in book.state().of(kind).items()}

    answer = send(bob, "sharing", **fields)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert before == {key: each for kind in Kind for key, each in book.state().of(kind).items()}


def test_what_the_inventory_shares_stays(bob, book) -> None:
    """It is shown, and not taken away."""
    assert "inventario" in bob.get("/settings/sharing").text
    assert send(bob, "sharing/end", folder="INBOX/Vecchia", grantee=ADA).status_code == 422
    assert f"{BOB} {ADA} INBOX/Vecchia" in book.state().of(Kind.GRANTS)


@pytest.mark.feature("F100")
@pytest.mark.feature("F101")
def test_a_delegate_has_rights_on_six_folders(bob, book) -> None:
    """They are changed, and the delegate goes again."""
    send(bob, "delegates", delegate=ADA, calendar="secretary", inbox="read_only")
    made = book.state().of(Kind.DELEGATIONS)[f"{BOB} {ADA}"]
    assert dict(made.folders) == {
        "calendar": PROFILES["secretary"],
        "inbox": PROFILES["read_only"],
    }
    page = bob.get("/settings/delegates").text
    assert page.count("<select") == 6 + 1 + 6

    send(bob, "delegates", delegate=ADA, tasks="owner")
    changed = book.state().of(Kind.DELEGATIONS)[f"{BOB} {ADA}"]
    assert changed == Delegation(BOB, ADA, (("tasks", PROFILES["owner"]),))
    assert send(bob, "delegates/end", delegate=ADA).status_code == 303
    assert not book.state().of(Kind.DELEGATIONS)
    for wrong in (BOB, "zoe@example.com", "x", ""):
        assert send(bob, "delegates", delegate=wrong).status_code == 422


@pytest.mark.feature("F172")
@pytest.mark.feature("F169")
@pytest.mark.feature("F170")
@pytest.mark.feature("F179")
def test_senders_are_blocked_and_allowed(bob, book) -> None:
    """An address or a domain; the domain's own rules are shown beside."""
    page = bob.get("/settings/junk").text
    assert "@ads.example" in page
    assert "newsletter" in page

    send(bob, "junk", sender="Marco.Rossi@Far.example", action="block")
    send(bob, "junk", sender="@news.example", action="allow")

    rules = book.state().junk_rules
    assert rules[f"{BOB} marco.rossi@far.example"].action == "block"
    assert rules[f"{BOB} @news.example"].action == "allow"
    assert send(bob, "junk/end", sender="@news.example").status_code == 303
    assert f"{BOB} @news.example" not in book.state().junk_rules
    for sender, action in (("x", "block"), ("", "allow"), ("a@b.example", "burn")):
        answer = send(bob, "junk", sender=sender, action=action)
        assert answer.status_code == 422
    assert send(bob, "junk/end", sender="@nobody.example").status_code == 422
    assert "example.org @ads.example" in book.state().junk_rules


def test_an_absence_is_set_and_switched_off(bob, book) -> None:
    """With its days; what is wrong is said at its field."""
    fields = {"text": "Torno presto.", "from": "2026-08-10", "until": "2026-08-24"}
    assert send(bob, "out-of-office", enabled="on", **fields).status_code == 303
    there = book.state().out_of_office[BOB]
    assert (there.text, there.enabled, str(there.ends)) == ("Torno presto.", True, "2026-08-24")
    assert "Torno presto." in bob.get("/settings/out-of-office").text

    for wrong, at in (
        ({"text": ""}, "text"),
        ({"from": "domani"}, "from"),
        ({"until": "2026-08-01"}, "until"),
    ):
        answer = send(bob, "out-of-office", enabled="on", **(fields | wrong))
        assert answer.status_code == 422
        assert f'id="{at}-wrong"' in answer.text
    assert book.state().out_of_office[BOB] == there

    send(bob, "out-of-office", **fields)
    assert not book.state().out_of_office[BOB].enabled
    send(bob, "out-of-office", text="")
    assert BOB not in book.state().out_of_office


# --- message rules


def rule(bob, name: str = "Fatture", *, do: str = "save", page: str = "", **fields):
    """Fill in the form of a rule."""
    path = page or "/settings/rules/new"
    usual = {
        "name": name,
        "match": "all",
        "condition.field": ["from", "subject", "size"],
        "condition.name": ["", "", ""],
        "condition.test": ["contains", "contains", "over"],
        "condition.value": ["ditta.example", "fattura", "10"],
        "forward": "ufficio@far.example, ada@example.org",
        "move": "INBOX/Fatture",
        "do": do,
    }
    return bob.send(path, page=path, **(usual | fields))


@pytest.mark.feature("F051")
@pytest.mark.feature("F052")
@pytest.mark.feature("F053")
@pytest.mark.feature("F054")
def test_a_rule_is_saved_and_acts_once_it_is_applied(bob, book) -> None:
    """With several conditions, all of which must hold, and addresses to forward to."""
    assert rule(bob).status_code == 303

    saved = book.state().rules[f"{BOB} Fatture"]
    assert not saved.enabled
    assert [(each.field, each.test, each.value) for each in saved.conditions] == [
        ("from", "contains", "ditta.example"),
        ("subject", "contains", "fattura"),
        ("size", "over", 10240),
    ]
    assert saved.actions.forward == ("ufficio@far.example", ADA)
    assert (saved.match, saved.actions.move) == ("all", "INBOX/Fatture")

    page = "/settings/rules/edit?name=Fatture"
    shown = bob.get(page).text
    assert 'value="ditta.example"' in shown
    assert 'value="10"' in shown
    rule(bob, do="apply", page=page)
    applied = book.state().rules[f"{BOB} Fatture"]
    assert applied.enabled
    assert applied.conditions == saved.conditions
    rule(bob, page=page, match="any")
    assert book.state().rules[f"{BOB} Fatture"].enabled
    send(bob, "rules/change", name="Fatture", do="off")
    assert not book.state().rules[f"{BOB} Fatture"].enabled


def test_rules_are_tried_in_the_order_that_is_chosen(bob, book) -> None:
    """Up and down, and away after a question."""
    for name in ("Una", "Due", "Tre"):
        rule(bob, name)

    def order() -> list[str]:
        there = sorted(book.state().rules.values(), key=lambda each: (each.position, each.name))
        return [each.name for each in there if each.mailbox == BOB]

    assert order() == ["Una", "Due", "Tre"]
    send(bob, "rules/change", name="Tre", do="up")
    assert order() == ["Una", "Tre", "Due"]
    send(bob, "rules/change", name="Una", do="down")
    assert order() == ["Tre", "Una", "Due"]
    send(bob, "rules/change", name="Una", do="remove")
    assert order() == ["Tre", "Due"]
    assert send(bob, "rules/change", name="Una", do="on").status_code == 404


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"name": ""}, "key"),
        ({"forward": "", "move": ""}, "actions"),
        ({"forward": "x"}, "actions"),
        ({"move": "/"}, "actions"),
        ({"discard": "on"}, "actions"),
        ({"condition.value": ["a", "b", "molto"]}, "conditions"),
        ({"condition.test": ["over", "contains", "over"]}, "conditions"),
        ({"condition.field": ["header", "subject", "size"]}, "conditions"),
        ({"condition.field": ["nosuch", "subject", "size"]}, "conditions"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(bob, book, fields, at: str) -> None:
    """And what was typed is still there."""
    answer = rule(bob, **fields)

    assert answer.status_code == 422
    assert f'id="{at}-wrong"' in answer.text
    assert not book.state().rules
    if at != "key":
        assert 'value="Fatture"' in answer.text


def test_a_name_stands_for_one_rule_and_more_conditions_have_room(bob, book) -> None:
    """A second one of the name is refused; another condition is only room."""
    rule(bob)
    assert rule(bob).status_code == 422

    page = rule(bob, "Altra", do="more").text

    assert page.count('name="condition.value"') == 5
    assert f"{BOB} Altra" not in book.state().rules
    assert bob.get("/settings/rules/edit?name=Altra").status_code == 404
