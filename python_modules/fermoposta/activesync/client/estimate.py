"""GetItemEstimate: how much a Sync would bring (MS-ASCMD, section 2.2.1.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.client.elements import check, make, number, root, value
from fermoposta.activesync.client.errors import AnswerError
from fermoposta.activesync.client.options import Options

if TYPE_CHECKING:
    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.wbxml import Element

COMMAND = "GetItemEstimate"
ROOT = "GetItemEstimate:GetItemEstimate"
STATUS = "GetItemEstimate:Status"


def estimate(client: Client, folder: str, options: Options | None = None) -> int:
    """Return how many changes wait in a folder."""
    document = make(
        ROOT,
        make("GetItemEstimate:Collections", _collection(client, folder, options or Options())),
    )
    answer = root(COMMAND, client.ask(COMMAND, document), ROOT)
    if answer.find(STATUS) is not None:
        check(COMMAND, answer, answer, STATUS)
    response = answer.find("GetItemEstimate:Response")
    if response is None:
        raise AnswerError(COMMAND, "no Response in the answer")
    check(COMMAND, answer, response, STATUS)
    found = response.find("GetItemEstimate:Collection")
    count = None if found is None else number(COMMAND, found, "GetItemEstimate:Estimate")
    if count is None:
        raise AnswerError(COMMAND, "no Estimate in the answer")
    return count


def _collection(client: Client, folder: str, options: Options) -> Element:
    """Return what is asked; 12.1 has the filter outside of options, and the key behind it."""
    key = value("AirSync:SyncKey", client.device.collection(folder).sync_key)
    name = value("GetItemEstimate:CollectionId", folder)
    if client.dotted < (14, 0):
        filtered = value("AirSync:FilterType", options.filter or 0)
        return make("GetItemEstimate:Collection", name, filtered, key)
    wanted = options.element()
    return make("GetItemEstimate:Collection", key, name, wanted if wanted.children else None)
