from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.unit.gateway.doubles import Site

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def site() -> Iterator[Site]:
    with asyncio.Runner() as runner:
        yield Site(runner)
