import pytest

ADA = "ada@example.org"


def rule_of(host, name="Bills"):
    return host.store.state().rules[f"{ADA} {name}"]


def add(host, *options, name="Bills"):
    return host.run("rules", "add", ADA, name, *options)


@pytest.mark.feature("F050", "F051", "F052", "F053", "F054")
def test_a_rule_is_saved_then_applied(inhabited):
    """It has a name, conditions and actions, and does nothing before it is enabled."""
    when = ("--when", "subject contains 'the bill'", "--when", "header X-Shop is acme")
    saved = add(inhabited, *when, "--when", "size over 1000", "--forward", "x@far.example")
    before = rule_of(inhabited)
    inhabited.run("rules", "enable", ADA, "Bills")

    assert saved.code == 0, saved.errors
    assert not before.enabled
    assert [each.value for each in before.conditions] == ["the bill", "acme", 1000]
    assert before.actions.forward == ("x@far.example",)
    assert rule_of(inhabited).enabled
    assert '"field": "subject"' in inhabited.run("rules", "list", ADA, "--json").text
    assert "Bills" in inhabited.run("rules", "list", ADA).text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--when", "subject contains x"), "does nothing"),
        (("--when", "sender is x", "--stop"), "is not known"),
        (("--when", "", "--stop"), "is not known"),
        (("--when", "size over much", "--stop"), "not a whole number"),
        (("--when", "subject is 'x", "--forward", "nobody"), "is no address"),
        (("--redirect", ADA), "is the mailbox itself"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_reason(inhabited, options, told):
    """Nothing of it is stored."""
    answer = add(inhabited, *options)

    assert answer.code in (3, 4)
    assert told in answer.errors
    assert inhabited.store.state().rules == {}


def test_a_users_rules_survive_an_inventory_run(inhabited):
    """They are the user's; so is their removal."""
    add(inhabited, "--discard", "--enable")
    again = inhabited.run("apply", inhabited.declare())
    inhabited.run("rules", "disable", ADA, "Bills")
    kept = rule_of(inhabited)
    gone = inhabited.run("rules", "remove", ADA, "Bills")

    assert again.text == "nothing to do\n"
    assert kept.actions.discard
    assert not kept.enabled
    assert gone.code == 0
    assert inhabited.store.state().rules == {}


def test_a_declared_rule_is_changed_in_the_inventory(inhabited):
    """The command says where."""
    inventory = inhabited.declare().read_text() + (
        "mail_rules: {ada@example.org: {Bills: {actions: {discard: true}}}}\n"
        "mail_out_of_office: {ada@example.org: {text: Away}}\n"
    )
    inhabited.run("apply", inhabited.declare(inventory))

    for command in (
        ("rules", "remove", ADA, "Bills"),
        ("rules", "disable", ADA, "Bills"),
        ("out-of-office", "off", ADA),
    ):
        answer = inhabited.run(*command)
        assert answer.code == 4
        assert "belongs to the inventory" in answer.errors


@pytest.mark.parametrize("verb", ["enable", "disable", "remove"])
def test_a_rule_that_is_not_there_is_said_so(inhabited, verb):
    """With a remedy."""
    answer = inhabited.run("rules", verb, ADA, "Nothing")

    assert answer.code in (3, 4)
    assert "is not there" in answer.errors


def test_an_answer_is_set_shown_and_switched_off(inhabited):
    """The text is kept for the next time."""
    made = inhabited.run(
        "out-of-office", "set", ADA, "Away", "--until", "2026-08-31", "--only-company"
    )
    shown = inhabited.run("out-of-office", "show", ADA, "--json").json
    inhabited.run("out-of-office", "off", ADA)

    assert made.code == 0, made.errors
    assert (shown["text"], shown["ends"], shown["audience"]) == ("Away", "2026-08-31", "company")
    assert not inhabited.store.state().out_of_office[ADA].enabled


def test_an_answer_for_strangers_ends_to_the_minute(inhabited):
    """Whatever the text holds."""
    made = inhabited.run(
        "out-of-office", "set", ADA, "Away", "--external", "Gone & back <soon>",
        "--until", "2026-08-31T18:30+02:00",
    )  # fmt: skip
    shown = inhabited.run("out-of-office", "show", ADA, "--json").json

    assert made.code == 0, made.errors
    assert (shown["external"], shown["ends"]) == ("Gone & back <soon>", "2026-08-31T16:30:00+00:00")


def test_a_wrong_answer_is_refused(inhabited):
    """And one that is not there is no answer."""
    wrong = inhabited.run("out-of-office", "set", ADA, "Away", "--until", "soon")
    missing = inhabited.run("out-of-office", "show", ADA)

    assert (wrong.code, missing.code) == (3, 3)
    assert "is no date" in wrong.errors
    assert "has no answer" in missing.errors
