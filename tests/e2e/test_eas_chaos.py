"""A small chaos on a real host; the benchmark has the large one."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from clients.chaos_host import Chaos, RealWorld
from clients.disturbance import disturbed
from clients.mail import token

if TYPE_CHECKING:
    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

OPERATIONS = 60
SEED = 11


def test_whatever_happens_phones_end_as_the_server_is(
    appliance: Appliance, shell: Shell, mail: Mail, directory: Directory
) -> None:
    """Answers lost, the gateway and Dovecot killed: nothing is lost, nothing is there twice."""
    with (
        directory.newcomer(f"{token()}@example.org", recipients_per_hour=1_000_000) as somebody,
        disturbed(shell),
        closing(RealWorld(appliance, shell, mail, somebody, token())) as world,
    ):
        chaos = Chaos(world, SEED, disturbances=0.05)
        chaos.run(OPERATIONS)

    assert chaos.wrong == []
