"""What Dovecot reads, read as it does: settings in nested blocks."""

from __future__ import annotations

from typing import Any

import pytest


def blocks(text: str) -> dict[str, Any]:
    """Return a dovecot.conf as nested mappings; all before the brace is a block's name."""
    text = text.replace("\\\n", " ")
    stack: list[dict[str, Any]] = [{}]
    for line in (raw.strip() for raw in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line == "}":
            stack.pop()
        elif line.endswith("{"):
            name = line[:-1].strip()
            if isinstance(stack[-1].get(name), str):  # a list that a block adds to
                stack[-1][name] = dict.fromkeys(stack[-1][name].split(), "yes")
            stack.append(stack[-1].setdefault(name, {}))
        else:
            name, _, value = line.partition("=")
            stack[-1][name.strip()] = value.strip()
    assert len(stack) == 1, "a brace is missing"
    return stack[0]


@pytest.fixture
def conf(render):
    return lambda **variables: blocks(render("dovecot", "dovecot.conf.j2", **variables))


@pytest.mark.feature("F002", "F005")
def test_nobody_logs_in_without_tls(conf):
    """As it comes, a password is taken under TLS only, from anywhere."""
    read = conf()

    assert read["auth_allow_cleartext"] == "no"
    assert [name for name in read if name.startswith("remote ")] == []


@pytest.mark.feature("F002", "F005")
def test_a_listed_network_may_log_in_without_tls(conf):
    """The operator's switch opens the networks listed, and no other."""
    read = conf(dovecot_plaintext_networks=["192.0.2.0/24"])

    assert read["remote 192.0.2.0/24"] == {"auth_allow_cleartext": "yes"}
    assert read["auth_allow_cleartext"] == "no"


@pytest.mark.feature("F001", "F003", "F004")
def test_listens_where_clients_look(conf):
    """IMAP and POP3 stand at the ports of the clients' instructions, 9993 among them."""
    read = conf()
    imap, pop3 = read["service imap-login"], read["service pop3-login"]

    assert imap["inet_listener imap"] == {"port": "143"}
    assert imap["inet_listener imaps"] == {"port": "993", "ssl": "yes"}
    assert imap["inet_listener imaps-alternate"] == {"port": "9993", "ssl": "yes"}
    assert pop3["inet_listener pop3s"] == {"port": "995", "ssl": "yes"}


@pytest.mark.feature("F003")
def test_the_second_imaps_port_can_be_closed(conf):
    """0 closes it."""
    read = conf(dovecot_imaps_alternate_port=0)

    assert "inet_listener imaps-alternate" not in read["service imap-login"]


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("it", ["Bozze", "Posta inviata", "Posta eliminata", "Archivio"]),
        ("en", ["Drafts", "Sent", "Trash", "Archive"]),
    ],
)
@pytest.mark.feature("F023")
def test_folders_are_named_in_the_users_language(conf, language, names):
    """Each language has the four folders, marked with their use (RFC 6154)."""
    group = conf()[f"group @folders {language}"]
    uses = {folder["name"]: folder["special_use"] for folder in group.values()}

    assert uses == dict(
        zip(names, ['"\\\\Drafts"', '"\\\\Sent"', '"\\\\Trash"', '"\\\\Archive"'], strict=True)
    )


def test_the_quarantine_is_everybodys_junk_folder(conf):
    """It has one name in all languages, since policies speak of it."""
    quarantine = conf()["namespace inbox"]["mailbox Quarantena"]

    assert quarantine["auto"] == "subscribe"
    assert quarantine["special_use"] == '"\\\\Junk"'


def test_policy_runs_before_the_users_own_script(conf):
    """The owner's junk rules, the administrators', the filter, message rules; then the user."""
    scripts = [name for name in conf() if name.startswith("sieve_script ")]

    names = ("policy", "domain", "quarantine", "rules", "personal")
    assert scripts == [f"sieve_script {name}" for name in names]


def test_users_scripts_may_not_forge_a_decision(conf):
    """Editing headers and asking our services is for the host's scripts; nobody mails by notify."""
    read = conf()

    names = ("editheader", "special-use", "vnd.dovecot.execute")
    assert read["sieve_global_extensions"] == dict.fromkeys(names, "yes")
    assert read["sieve_extensions"] == {"enotify": "no"}


def test_an_unknown_user_costs_as_much_as_a_wrong_password(conf):
    """The look-up gives a hash for every address, so that time tells nothing."""
    query = conf()["passdb sql"]["query"]

    assert "UNION ALL" in query
    assert "NOT EXISTS" in query


def test_one_user_may_have_many_devices(conf):
    """Parked connections are cheap, and may be handed back to a process."""
    read = conf()

    assert read["protocol imap"]["imap_hibernate_timeout"] == "30s"
    assert read["service imap"]["unix_listener imap-master"]["mode"] == "0600"


def test_our_services_come_in_as_a_master_user(conf):
    """By a passwd-file of their own; no separator that could stand in an address."""
    read = conf()

    assert read["passdb agent"] == {
        "driver": "passwd-file",
        "master": "yes",
        "passwd_file_path": "/etc/dovecot/agent.passwd",
    }
    assert "auth_master_user_separator" not in read


def test_what_sieve_sends_passes_the_hosts_own_door(conf):
    """Where signatures are made and restrictions held; a reply says whose it is."""
    read = conf()

    assert read["submission_host"] == "127.0.0.1:10025"
    assert read["sieve_vacation_send_from_recipient"] == "yes"


@pytest.mark.parametrize("language", ["en", "it"])
def test_the_agent_hears_of_what_clients_file_as_sent(conf, language):
    """In every language's folder for sent mail."""
    sent = conf()[f"group @folders {language}"]["mailbox sent"]

    assert sent["sieve_script appended"]["cause"] == "append copy"
    assert sent["sieve_script appended"]["path"] == "/etc/dovecot/appended.sieve"


def test_what_checks_passwords_is_not_told_to_go_while_log_ins_wait(conf):
    """After five minutes auth itself lets go of all but one; told earlier, all might leave."""
    worker = conf()["service auth-worker"]

    assert worker["idle_kill_interval"] == "1 hours"
    assert int(worker["process_limit"]) > 1
