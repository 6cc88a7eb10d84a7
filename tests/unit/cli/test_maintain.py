from dataclasses import replace


def test_the_audit_is_listed(inhabited):
    """Who asks what happened gets it line by line."""
    answer = inhabited.run("audit")

    assert answer.code == 0
    assert "create  users" in answer.text


def test_an_audit_that_was_changed_is_found(inhabited, monkeypatch):
    """Taking an entry back leaves a trace."""
    assert inhabited.run("audit", "--verify").code == 0
    entries = inhabited.store.audit()
    entries[2] = replace(entries[2], actor="somebody else")
    monkeypatch.setattr(inhabited.store, "audit", lambda _since=0: entries)

    answer = inhabited.run("audit", "--verify", "--json")

    assert (answer.code, answer.json["broken"]) == (1, entries[2].id)


def test_help_names_every_command(host):
    """`fermoposta --help` is where one starts."""
    text = host.run("--help").text

    commands = "validate plan apply export drift show passwd doctor compile dns migrate audit"
    for command in commands.split(" "):
        assert f"\n  {command} " in text
