import httpx
import pytest
from tests.unit.activesync.fake_server import ADA, Server, tree

from fermoposta.activesync.client import Connection
from fermoposta.activesync.wbxml import Element
from fermoposta.cli import eas_account

READY = tree(
    "Provision:Provision",
    tree("Provision:Policies", tree("Provision:Policy", Status=2)),
    Status=1,
)
"""There are no policies for this user."""
FOLDERS = tree(
    "FolderHierarchy:FolderSync",
    tree(
        "FolderHierarchy:Changes",
        tree("FolderHierarchy:Add", ServerId="5", ParentId="0", DisplayName="Arrivo", Type=2),
        tree("FolderHierarchy:Add", ServerId="7", ParentId="0", DisplayName="Agenda", Type=8),
    ),
    Status=1,
    SyncKey="1",
)
WIPE = tree("Provision:Provision", Element("Provision:RemoteWipe"), Status=1)


def synced(key, *commands):
    inside = [Element("AirSync:Commands", commands)] if commands else []
    found = tree("AirSync:Collection", *inside, SyncKey=key, CollectionId="5", Status=1)
    return Element("AirSync:Sync", [Element("AirSync:Collections", [found])])


def added(name, subject):
    data = Element("AirSync:ApplicationData", [Element("Email:Subject", subject)])
    return tree("AirSync:Add", data, ServerId=name)


@pytest.fixture
def ask(host, monkeypatch):
    """Call `fermoposta eas` against a server of answers; return both."""

    def run(*arguments, answers, options=(), typed="Engine1843\n"):
        server = Server(list(answers))

        def connect(*given, **named):
            return Connection(*given, **named, transport=httpx.MockTransport(server))

        monkeypatch.setattr(eas_account, "Connection", connect)
        answer = host.run("eas", "--user", ADA, *options, *arguments, typed=typed)
        return answer, server

    return run


def test_options_are_listed(ask):
    """Versions and commands, as the server has them."""
    said = {"MS-ASProtocolVersions": "14.1,16.1", "MS-ASProtocolCommands": "Sync,Ping"}

    answer, server = ask("options", "--json", answers=[httpx.Response(200, headers=said)])

    assert answer.json == {"versions": ["14.1", "16.1"], "commands": ["Sync", "Ping"]}
    assert server.raw[0].url.host == "mail.example.org"


def test_folders_are_listed_in_words(ask):
    """The type is a number on the wire only."""
    answer, server = ask("folders", answers=[READY, FOLDERS])

    assert answer.code == 0
    assert [line.split() for line in answer.text.splitlines()] == [
        ["id", "kind", "name", "parent"],
        ["5", "inbox", "Arrivo", "0"],
        ["7", "calendar", "Agenda", "0"],
    ]
    assert [each.device_id for each in server.requests] == ["FERMOPOSTACLI"] * 2


def test_a_server_without_policies_is_asked_all_the_same(ask):
    """It does not know the command."""
    answer, _ = ask("folders", answers=[httpx.Response(501), FOLDERS])

    assert answer.code == 0


def test_a_folder_is_fetched_by_its_kind_or_its_name(ask):
    """Its items are listed with their ids."""
    for name in ("inbox", "arrivo", "5"):
        answers = [READY, FOLDERS, synced("1"), synced("2", added("5:1", "Ciao"))]
        answer, _ = ask("sync", "--json", name, answers=answers)

        assert answer.json["items"] == [{"id": "5:1", "title": "Ciao"}]
        assert answer.json["folder"] == "5"


def test_a_folder_that_is_not_there_is_named(ask):
    """With the way to find the right one."""
    answer, _ = ask("sync", "nowhere", answers=[READY, FOLDERS])

    assert answer.code == 1
    assert "no folder 'nowhere'; see `fermoposta eas folders`" in answer.errors


def test_what_the_server_may_not_do_is_told(ask):
    """An item that comes twice is a fault of the server: exit code 1."""
    answers = [READY, FOLDERS, synced("1"), synced("2", added("5:1", "a"), added("5:1", "b"))]

    answer, _ = ask("sync", answers=answers)

    assert answer.code == 1
    assert "5:1 was added, which was there already" in answer.errors


def test_a_ping_says_where_something_happened(ask):
    """By the folder's name."""
    changed = tree("Ping:Ping", tree("Ping:Folders", Element("Ping:Folder", "5")), Status=2)

    answer, server = ask(
        "ping", "--json", answers=[READY, FOLDERS, synced("1"), synced("2"), changed]
    )

    assert answer.json["changed"] == ["Arrivo"]
    assert server.bodies[-1].text_of("Ping:HeartbeatInterval") == "300"


def test_a_message_is_sent(ask):
    """From the user, to whom is named."""
    answer, server = ask("send", "bob@example.org", answers=[READY, None])

    assert answer.code == 0
    message = server.bodies[-1].find("ComposeMail:Mime").data
    assert b"To: bob@example.org\r\n" in message
    assert b"From: ada@example.org\r\n" in message


def test_people_are_found(ask):
    """At 16.1 by Find, before by Search."""
    properties = [Element("GAL:DisplayName", "Bob"), Element("GAL:EmailAddress", "bob@x.org")]
    by_search = tree(
        "Search:Search",
        tree(
            "Search:Response",
            tree(
                "Search:Store",
                tree("Search:Result", Element("Search:Properties", properties)),
                Status=1,
            ),
        ),
        Status=1,
    )
    by_find = tree(
        "Find:Find",
        tree(
            "Find:Response",
            tree("Find:Result", Element("Find:Properties", properties)),
            Status=1,
        ),
        Status=1,
    )
    for version, found in (("14.1", by_search), ("16.1", by_find)):
        answer, _ = ask(
            "search", "--json", "bob", answers=[READY, found], options=("--version", version)
        )
        assert answer.json == [{"name": "Bob", "address": "bob@x.org"}]


def test_out_of_office_is_shown_and_changed(ask):
    """Both at once would contradict one another."""
    message = tree("Settings:OofMessage", Element("Settings:AppliesToInternal"), Enabled=1)
    get = tree("Settings:Get", message, OofState=1)
    shown = tree("Settings:Settings", tree("Settings:Oof", get, Status=1), Status=1)
    done = tree("Settings:Settings", tree("Settings:Oof", Status=1), Status=1)

    answer, server = ask("oof", "--json", "--text", "Via", answers=[READY, done, shown])

    assert answer.json["state"] == "on"
    sent = server.bodies[1].find("Settings:Oof", "Settings:Set")
    assert len(sent.find_all("Settings:OofMessage")) == 3
    assert ask("oof", "--off", "--text", "Via", answers=[])[0].code == 2


def test_a_wipe_is_waited_for_and_acknowledged(ask):
    """On a device of its own, which is let in no more afterwards."""
    answers = [
        READY,
        FOLDERS,  # it is known now
        FOLDERS,  # nothing yet
        httpx.Response(449),
        WIPE,
        tree("Provision:Provision", Status=1),
        httpx.Response(403),
    ]

    answer, server = ask("wipe-test", "--json", "--every", "0", answers=answers)

    device = server.requests[0].device_id
    assert (answer.code, answer.json["device"], answer.json["wipe"]) == (0, device, "device")
    assert answer.json["let_in_again"] is False
    assert device != "FERMOPOSTACLI"
    assert device in answer.errors.splitlines()[0]
    assert server.bodies[5].text_of("Provision:RemoteWipe", "Provision:Status") == "1"


def test_a_wiped_device_that_is_let_in_again_is_a_finding(ask):
    """The wipe would have been for nothing."""
    again = tree("FolderHierarchy:FolderSync", Status=1, SyncKey="2")
    answers = [READY, FOLDERS, httpx.Response(449), WIPE]
    answers += [tree("Provision:Provision", Status=1), again]

    answer, _ = ask("wipe-test", answers=answers)

    assert answer.code == 1
    assert "let in again" in answer.text


def test_a_wipe_that_does_not_come_is_given_up(ask):
    """After as many seconds as were given."""
    answers = [READY, FOLDERS, FOLDERS]

    answer, _ = ask("wipe-test", "--seconds", "-1", answers=answers)

    assert answer.code == 1
    assert "no wipe within -1 s" in answer.errors


def test_the_everyday_device_is_not_wiped(ask):
    """A wipe that waits for it is told, and not acknowledged."""
    answer, server = ask("folders", answers=[WIPE])

    assert answer.code == 1
    assert "take another --device-id" in answer.errors
    assert len(server.bodies) == 1


def test_a_refusal_is_told_in_words_and_in_json(ask):
    """The exit code is 1 either way."""
    answer, _ = ask("folders", answers=[httpx.Response(401)])
    assert (answer.code, answer.text) == (1, "")
    assert "HTTP 401: address or password are wrong" in answer.errors

    answer, _ = ask("folders", "--json", answers=[httpx.Response(401)])
    assert answer.code == 1
    assert "HTTP 401" in answer.json["error"]


@pytest.mark.parametrize("how", ["file", "environment", "input"])
def test_the_password_comes_from_where_ps_does_not_see_it(ask, how, tmp_path, monkeypatch):
    """A file goes before the environment, and that before standard input."""
    options = []
    if how == "file":
        secret = tmp_path / "secret"
        secret.write_text("Engine1843\n")
        options = ["--password-file", secret]
        monkeypatch.setenv("FERMOPOSTA_EAS_PASSWORD", "other")
    elif how == "environment":
        monkeypatch.setenv("FERMOPOSTA_EAS_PASSWORD", "Engine1843")
    typed = "Engine1843\n" if how == "input" else "other\n"

    _, server = ask("options", answers=[httpx.Response(200)], options=options, typed=typed)

    expected = httpx.BasicAuth(ADA, "Engine1843")._auth_header
    assert server.raw[0].headers["Authorization"] == expected


def test_a_trace_shows_documents_and_no_password(ask):
    """On standard error, so that the answer stays what it is."""
    answer, _ = ask("folders", "--json", answers=[READY, FOLDERS], options=["--trace"])

    assert answer.json[0]["name"] == "Arrivo"
    assert "> FolderSync 14.1" in answer.errors
    assert "DisplayName 'Arrivo'" in answer.errors
    assert "Engine1843" not in answer.errors


def test_discovery_asks_the_domain_and_autodiscover_below_it(ask):
    """All answers are listed; one that helps is enough."""
    url = "https://mail.example.org/Microsoft-Server-ActiveSync"
    answers = [httpx.ConnectError("refused")] * 2
    answers += [httpx.Response(404), httpx.Response(200, json={"Url": url})]

    answer, _ = ask("discover", "--json", answers=answers)

    assert answer.code == 0
    assert [(row["asked"], row["as"], row["url"]) for row in answer.json] == [
        ("example.org", "xml", ""),
        ("example.org", "json", ""),
        ("autodiscover.example.org", "xml", ""),
        ("autodiscover.example.org", "json", url),
    ]
    assert ask("discover", answers=[httpx.Response(404)] * 4)[0].code == 1


@pytest.mark.parametrize("wrong", ["host", "host:", ":443", "host:x"])
def test_where_the_server_is_has_a_port(ask, wrong):
    """A slip is told before anything is asked."""
    answer, _ = ask("options", answers=[], options=["--connect-to", wrong])

    assert answer.code == 2
    assert "192.0.2.1:443" in answer.errors
