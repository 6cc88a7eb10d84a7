"""
Ten thousand random operations of phones, a mail program and a DAV client on one account.

Answers get lost, the gateway and Dovecot's processes are killed meanwhile. The number is how many
operations were done when all was still as it must be: nothing lost, nothing there twice, each phone
with what the server has. Where something is not, there is no number but an error that says what.
"""

from __future__ import annotations

import secrets
import sys
import time
from contextlib import closing
from pathlib import Path

from fermoposta_demo import up
from fermoposta_demo.paths import BUILD
from fermoposta_demo.progress import CommandError, say
from tests.bench import Result, result

TESTS = Path(__file__).resolve().parents[1]
OPERATIONS = 10_000
DISTURBANCES = 0.05
"""How many of the requests are disturbed."""
SEED = 1


def run(container: str, operations: int = OPERATIONS) -> list[Result]:
    """Do so many *operations* on a provisioned host, in a mailbox that comes and goes with them."""
    # The phones and programs are those of the end-to-end tests, the driver that of the unit tests.
    sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "unit" / "activesync" / "commands")]
    from clients.chaos_host import Chaos, RealWorld  # noqa: PLC0415 - found by the path just set
    from clients.directory import Directory  # noqa: PLC0415
    from clients.mail import Mail  # noqa: PLC0415
    from clients.shell import Shell  # noqa: PLC0415

    appliance = up.describe(container, BUILD / "bench" / container)
    shell, mail, word = Shell(container), Mail(appliance), f"c{secrets.token_hex(6)}"
    started = time.monotonic()
    with (
        Directory(shell).newcomer(f"{word}@example.org", recipients_per_hour=1_000_000) as account,
        closing(RealWorld(appliance, shell, mail, account, word)) as world,
    ):
        chaos = Chaos(world, SEED, disturbances=DISTURBANCES)
        chaos.run(operations)
    seconds = time.monotonic() - started
    kills = ", ".join(f"{count} of {what}" for what, count in sorted(world.kills.items()))
    say(f"  {operations} operations in {seconds:.0f} s; killed: {kills or 'nothing'}")
    for each in chaos.wrong:
        say(f"  {each}")
    if chaos.wrong:
        raise CommandError("the chaos", f"{len(chaos.wrong)} things are wrong")
    return [result("eas_chaos_ops", operations, "")]


if __name__ == "__main__":
    for found in run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else OPERATIONS):
        print(found)
