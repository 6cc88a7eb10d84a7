"""What a device may send instead of a request."""

import asyncio
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.activesync.people.office import Office

from fermoposta.activesync.commands import (
    find,
    provision,
    resolve_recipients,
    search,
    validate_cert,
)
from fermoposta.activesync.commands import settings as settings_
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.session import Asked
from fermoposta.activesync.status import ROOTS
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml import Element, encode
from fermoposta.activesync.wbxml.codepages import TOKENS

COMMANDS = {
    "Find": find,
    "Provision": provision,
    "ResolveRecipients": resolve_recipients,
    "Search": search,
    "Settings": settings_,
    "ValidateCert": validate_cert,
}
TEXTS = st.sampled_from(
    (
        "",
        "0",
        "1",
        "-1",
        "x",
        "GAL",
        "Mailbox",
        "0-9",
        "9-0",
        "Text",
        "HTML",
        "Email",
        "from:ada",
        "MS-EAS-Provisioning-WBXML",
        "2026-11-26T12:00:00.000Z",
        "\ufffd",
        "\N{ARABIC-INDIC DIGIT THREE}",
        "9" * 30,
        b"\0\xff",
    )
)


@cache
def documents(command):
    """Documents of the command's own tags, in whatever order and depth."""
    known = sorted(
        tag
        for tag in TOKENS
        if tag.partition(":")[0] in {command, "AirSync", "AirSyncBase", "Settings", "Email"}
    )
    own = [tag for tag in known if tag.startswith(f"{command}:")]
    tags = st.sampled_from(own) | st.sampled_from(known)
    inner = st.recursive(
        TEXTS,
        lambda inside: st.builds(Element, tags, st.lists(inside, max_size=4)),
        max_leaves=12,
    )
    return st.builds(Element, st.just(ROOTS[command]), st.lists(inner, max_size=5))


@pytest.mark.parametrize("command", COMMANDS)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_nonsense_is_answered_or_refused(command, data):
    """Never with an error of ours, and each answer can be sent."""
    asked = data.draw(documents(command))
    version = "16.1" if command == "Find" else data.draw(st.sampled_from(VERSIONS))

    async def run():
        office = Office()
        try:
            session = await office.session(version, command)
            return await COMMANDS[command].handle(session, Asked(asked))
        except CommandError as error:
            return error

    answer = asyncio.run(run())

    if isinstance(answer, CommandError):
        assert answer.status > 1
    elif answer.element is not None:
        assert encode(answer.element)
