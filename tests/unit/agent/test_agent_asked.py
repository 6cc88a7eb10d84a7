"""What Sieve scripts say, over a real socket."""

import asyncio
import getpass

import pytest

from fermoposta.agent.asked import ScriptError, listen, parse

REQUEST = b"VERSION\tscript\t4\t0\nenv_USER=ada@example.org\nenv_HOME=/a\x01tb\n-\n<1@x>\n\n"


def test_environment_and_arguments_are_told_apart():
    """As Dovecot 2.4 writes them, escapes undone."""
    assert parse(REQUEST) == ({"USER": "ada@example.org", "HOME": "/a\tb"}, ["<1@x>"])


@pytest.mark.parametrize(
    "request_", [b"", b"\n\n", b"VERSION\tscript\t3\t0\n-\n\n", REQUEST[:-1], b"GET / HTTP/1.1\n\n"]
)
def test_what_is_not_the_protocol_is_refused(request_):
    """Another version, another protocol, half a request."""
    with pytest.raises(ScriptError):
        parse(request_)


def ask(path, user, request, *, takes=0):
    """Send *request* to a listener for *user*; return its answer and what was told."""
    told = []

    async def take(environment, arguments):
        await asyncio.sleep(takes)
        told.append((environment["USER"], *arguments))

    async def main():
        server = await listen(path, user, take)
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(request)
        try:
            answer = await reader.read()
        except ConnectionResetError:  # hung up on before everything was read
            answer = b""
        writer.close()
        server.close()
        return answer

    return asyncio.run(main()), told


def test_a_script_is_heard(tmp_path):
    """It gets its answer at once, since a client waits for it."""
    found = ask(tmp_path / "socket", getpass.getuser(), REQUEST)

    assert found == (b"+\n", [("ada@example.org", "<1@x>")])


def test_what_a_script_asked_for_is_finished_however_long_it_takes(tmp_path, monkeypatch):
    """Half of it, or the same beside itself, would be worse than an answer that is late."""
    monkeypatch.setattr("fermoposta.agent.asked._SECONDS", 0.05)

    found = ask(tmp_path / "socket", getpass.getuser(), REQUEST, takes=0.2)

    assert found == (b"+\n", [("ada@example.org", "<1@x>")])


def test_who_says_nothing_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("fermoposta.agent.asked._SECONDS", 0.05)

    assert ask(tmp_path / "socket", getpass.getuser(), REQUEST[:20]) == (b"", [])


def test_nobody_but_dovecot_is_heard(tmp_path):
    """The socket is open to all, so the other end's user counts."""
    assert ask(tmp_path / "socket", "nobody", REQUEST) == (b"", [])
