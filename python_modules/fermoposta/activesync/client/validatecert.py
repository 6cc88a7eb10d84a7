"""ValidateCert: have the server judge certificates (MS-ASCMD, section 2.2.1.22)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from fermoposta.activesync.client.elements import check, make, number, root, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.wbxml import Element

COMMAND = "ValidateCert"
ROOT = "ValidateCert:ValidateCert"


def validate(
    client: Client,
    certificates: Sequence[bytes],
    *,
    chain: Sequence[bytes] = (),
    check_revoked: bool = False,
) -> list[int]:
    """
    Return the status of each of *certificates*, which are X.509 in DER; 1 is good.

    *chain* are those of their issuers. What a number means says `meanings.meaning`.
    """
    document = make(
        ROOT,
        make("ValidateCert:CertificateChain", *map(_certificate, chain)) if chain else None,
        make("ValidateCert:Certificates", *map(_certificate, certificates)),
        value("ValidateCert:CheckCRL", 1 if check_revoked else None),
    )
    answer = root(COMMAND, client.ask(COMMAND, document), ROOT)
    check(COMMAND, answer, answer, "ValidateCert:Status")
    return [
        number(COMMAND, each, "ValidateCert:Status") or 0
        for each in answer.find_all("ValidateCert:Certificate")
    ]


def _certificate(der: bytes) -> Element | None:
    return value("ValidateCert:Certificate", base64.b64encode(der).decode())
