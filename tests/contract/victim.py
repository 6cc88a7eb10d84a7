"""A converge that is about to be killed: says when it is ready, reads what to apply, applies it."""

import sys

from fermoposta.directory.model import ALL_KINDS
from fermoposta.directory.plan import plan
from fermoposta.directory.store import open_store
from fermoposta.inventory import load, parse

with open_store() as store:
    store.state()
    print("ready", flush=True)
    path = sys.stdin.readline().strip()
    store.apply(plan(parse(load(path)), store.state(), allow_removal=ALL_KINDS), actor="victim")
