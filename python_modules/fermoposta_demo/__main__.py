"""The verbs that the Makefile calls."""

from __future__ import annotations

import argparse
import shutil
import sys

from fermoposta_demo import host, images, layers, pictures, portal_pictures, up
from fermoposta_demo.appliance import Appliance
from fermoposta_demo.paths import DEMO
from fermoposta_demo.progress import CommandError, give_up, say


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    parser = argparse.ArgumentParser(prog="fermoposta_demo", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="start, provision, fill and check the demo host")
    verbs.add_parser("down", help="remove the demo host")
    verbs.add_parser("pictures", help="take the documents' pictures of the demo host that runs")
    verbs.add_parser("clean", help="remove the hosts and the images")
    test = verbs.add_parser("test", help="run the layers of tests")
    test.add_argument("--quick", action="store_true", help="only what needs no host")
    test.add_argument("--only", action="append", choices=layers.NAMES, help="only this layer")
    start = verbs.add_parser("host", help="start a bare host for a scenario")
    start.add_argument("action", choices=["create", "destroy"])
    start.add_argument("name")
    chosen = parser.parse_args(arguments)
    try:
        return run(chosen)
    except CommandError as error:
        return give_up(error)


def run(chosen: argparse.Namespace) -> int:
    """Do what was asked for."""
    match chosen.verb:
        case "up":
            up.up()
        case "down":
            down()
        case "pictures":
            appliance = Appliance.load(DEMO / "demo.json")
            pictures.take(appliance, DEMO / "screen.txt")
            portal_pictures.take(appliance)
        case "clean":
            down()
            for name in host.names():
                host.remove(name)
            images.remove_images()
        case "host" if chosen.action == "create":
            host.remove(chosen.name)
            host.start(chosen.name, layers.scenario_image())
        case "host":
            host.remove(chosen.name)
        case _:
            return layers.run(only=chosen.only, quick=chosen.quick)
    return 0


def down() -> None:
    """Remove the demo host and what `up` wrote."""
    host.remove(up.CONTAINER)
    shutil.rmtree(DEMO, ignore_errors=True)
    say("The demo host is gone. Its images stay: `make clean` removes them.")


if __name__ == "__main__":
    sys.exit(main())
