import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from phone import Host


@pytest.fixture
def host():
    """A gateway over stores in memory."""
    host = Host()
    yield host
    host.close()
