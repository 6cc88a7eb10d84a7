import pytest
from chaos import Chaos
from faulty import FaultyHost

from fermoposta.activesync import dispatch


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_happens_phones_end_as_the_server_is(seed, monkeypatch):
    """Answers lost, stores away, the gateway killed: nothing is lost, nothing is there twice."""
    host = FaultyHost(seed)
    monkeypatch.setattr(dispatch, "broken", lambda _, error: host.broken.append(error))
    try:
        chaos = Chaos(host, seed)
        chaos.run(300)
    finally:
        host.close()

    assert host.broken == []
    assert chaos.wrong == []
