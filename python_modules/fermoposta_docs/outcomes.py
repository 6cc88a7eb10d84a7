"""What a run of the tests says of the ledger: which rows it proved, and which claims it broke."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

from fermoposta_docs.features import Proof


def read_outcomes(reports: Iterable[Path]) -> dict[str, bool]:
    """
    Return for each test of the JUnit *reports* whether every case of it passed.

    Tests are named as `Proof.node` names them, by the property that the ledger's plugin leaves.
    """
    outcomes: dict[str, bool] = {}
    for report in reports:
        for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own file, as above
            node = case.find("properties/property[@name='test']")
            if node is not None:
                passed = all(case.find(tag) is None for tag in ("failure", "error", "skipped"))
                name = node.get("value", "")
                outcomes[name] = outcomes.get(name, True) and passed
    return outcomes


def broken_claims(proofs: Iterable[Proof], outcomes: dict[str, bool]) -> list[str]:
    """Say which tests that the ledger names failed, were skipped, or did not run."""
    return [
        f"{proof.node}: {'did not run' if proof.node not in outcomes else 'failed'}"
        for proof in proofs
        if not outcomes.get(proof.node, False)
    ]
