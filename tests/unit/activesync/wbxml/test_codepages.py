from collections import Counter

import pytest

from fermoposta.activesync.wbxml.codepages import PAGES, TAGS, TOKENS

SIZES = {
    "AirSync": 33,
    "Contacts": 54,
    "Email": 45,
    "Calendar": 45,
    "Move": 8,
    "GetItemEstimate": 8,
    "FolderHierarchy": 17,
    "MeetingResponse": 12,
    "Tasks": 30,
    "ResolveRecipients": 25,
    "ValidateCert": 6,
    "Contacts2": 10,
    "Ping": 8,
    "Provision": 54,
    "Search": 27,
    "GAL": 14,
    "AirSyncBase": 40,
    "Settings": 38,
    "DocumentLibrary": 8,
    "ItemOperations": 21,
    "ComposeMail": 18,
    "Email2": 18,
    "Notes": 5,
    "RightsManagement": 20,
    "Find": 22,
}


def test_every_token_of_the_specification_is_there():
    """586 on 25 pages as of 16.1, each page with as many as MS-ASWBXML lists."""
    assert {page.namespace: len(page.tags()) for page in PAGES.values()} == SIZES
    assert sum(SIZES.values()) == len(TOKENS) == 586


def test_no_name_and_no_number_stands_twice():
    """A dictionary would swallow the first of two rows."""
    for page in PAGES.values():
        words = page.rows.split()
        assert Counter(words[::2]).most_common(1)[0][1] == 1, page.namespace
        assert Counter(words[1::2]).most_common(1)[0][1] == 1, page.namespace
    assert len({page.namespace for page in PAGES.values()}) == len(PAGES)


def test_numbers_are_those_of_tags():
    """A tag's token has six bits, and the first five are global (WAP-192, section 5.8.2)."""
    assert all(0x05 <= token <= 0x3F for tags in TAGS.values() for token in tags)
    assert set(PAGES) == set(range(26)) - {3}


@pytest.mark.parametrize(
    ("tag", "page", "token"),
    [
        ("AirSync:Sync", 0, 0x05),
        ("AirSync:CollectionId", 0, 0x12),
        ("AirSync:HeartbeatInterval", 0, 0x29),
        ("Contacts:Anniversary", 1, 0x05),
        ("Contacts:WeightedRank", 1, 0x3E),
        ("Email:DateReceived", 2, 0x0F),
        ("Email:DisallowNewTimeProposal", 2, 0x3F),
        ("Calendar:Timezone", 4, 0x05),
        ("Calendar:ClientUid", 4, 0x3C),
        ("Move:DstMsgId", 5, 0x0C),
        ("GetItemEstimate:Estimate", 6, 0x0C),
        ("FolderHierarchy:FolderSync", 7, 0x16),
        ("MeetingResponse:SendResponse", 8, 0x12),
        ("MeetingResponse:ProposedStartTime", 8, 0x10),
        ("Tasks:Categories", 9, 0x08),
        ("ResolveRecipients:MaxPictures", 10, 0x1D),
        ("ValidateCert:CheckCRL", 11, 0x09),
        ("Contacts2:MMS", 12, 0x0E),
        ("Ping:MaxFolders", 13, 0x0D),
        ("Provision:RemoteWipe", 14, 0x0C),
        ("Provision:AccountOnlyRemoteWipe", 14, 0x3B),
        ("Search:RebuildResults", 15, 0x19),
        ("GAL:Data", 16, 0x12),
        ("AirSyncBase:Body", 17, 0x0A),
        ("Settings:Settings", 18, 0x05),
        ("DocumentLibrary:LinkId", 19, 0x05),
        ("ItemOperations:Part", 20, 0x11),
        ("ComposeMail:Mime", 21, 0x10),
        ("ComposeMail:ForwardeeName", 21, 0x17),
        ("ComposeMail:ForwardeeEmail", 21, 0x18),
        ("Email2:ConversationId", 22, 0x09),
        ("Notes:MessageClass", 23, 0x06),
        ("RightsManagement:TemplateID", 24, 0x14),
        ("Find:GALSearchCriterion", 25, 0x19),
    ],
)
def test_a_tag_has_the_number_of_the_specification(tag, page, token):
    """One or two of every page, those among them on which sources differ."""
    assert TOKENS[tag] == (page, token)
    assert TAGS[page][token] == tag
