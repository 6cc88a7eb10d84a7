"""
How fast the policy service answers Postfix: one process, a directory of 10,000 users.

Requests are those of RCPT, to users, aliases, groups and outside, from log-ins and from strangers,
over as many connections as a busy smtpd has. The clients are a process of their own.
"""

from __future__ import annotations

import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from fermoposta.directory.route import Router
from fermoposta.inventory import load, parse
from fermoposta.policy import delegation
from fermoposta.policy.origin import Site
from fermoposta.policy.rate import Rate
from fermoposta.policy.rcpt import Desk
from tests.bench.directory import SMALL, entry, write_inventory

CONNECTIONS = 20
REQUESTS = 20_000
RATE = 2_000
"""Requests a second at which the slowest are looked at: the goal."""


def request(number: int, chance: random.Random) -> bytes:
    """Return a request such as Postfix makes, with all that it says."""
    n, other = chance.randrange(SMALL), chance.randrange(SMALL)
    login = f"user{other}@example.org" if number % 2 else ""
    to = (
        f"user{n}@example.org",
        f"alias{n % 3000}@example.org",
        f"group{n % 300}@example.org",
        f"user{n}+detail@example.org",
    )[number % 4]
    fields = {
        "request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP",
        "client_address": "203.0.113.9", "client_name": "mx.example.net", "client_port": "41234",
        "reverse_client_name": "mx.example.net", "server_address": "198.51.100.1",
        "server_port": "587" if login else "25", "helo_name": "mx.example.net",
        "sender": login or "someone@far.example", "recipient": to, "recipient_count": "0",
        "queue_id": "", "instance": f"1f3a.{number:x}.0", "size": "20480", "etrn_domain": "",
        "stress": "", "sasl_method": "PLAIN" if login else "", "sasl_username": login,
        "sasl_sender": "", "ccert_subject": "", "ccert_issuer": "", "ccert_fingerprint": "",
        "encryption_protocol": "TLSv1.3", "encryption_cipher": "TLS_AES_256_GCM_SHA384",
        "encryption_keysize": "256", "policy_context": "",
    }  # fmt: skip
    return "".join(f"{name}={value}\n" for name, value in fields.items()).encode() + b"\n"


def client(path: Path, requests: list[bytes], gap: float, times: list[float]) -> None:
    """Ask one after the other, each *gap* seconds after the last one; note how long each took."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        due = time.perf_counter()
        for each in requests:
            due += gap
            time.sleep(max(0.0, due - time.perf_counter()))
            started = time.perf_counter()
            connection.sendall(each)
            answer = connection.recv(4096)
            times.append(time.perf_counter() - started)
            assert answer.startswith(b"action="), answer


def load_it(path: Path, rate: float | None) -> tuple[float, list[float]]:
    """Send all requests over all connections, at *rate* a second or as fast as can be."""
    chance = random.Random(1)  # noqa: S311 - the same requests each time
    requests = [request(number, chance) for number in range(REQUESTS)]
    times: list[float] = []
    gap = CONNECTIONS / rate if rate else 0.0
    clients = [
        threading.Thread(target=client, args=(path, requests[n::CONNECTIONS], gap, times))
        for n in range(CONNECTIONS)
    ]
    started = time.perf_counter()
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    return time.perf_counter() - started, times


def serve(inventory: str, path: str) -> None:
    """Answer at *path* as the service does, with the directory of *inventory*."""
    import asyncio  # noqa: PLC0415 - the clients need none

    router = Router(parse(load(Path(inventory))))
    desk = Desk(Site(recipients_per_hour=10_000), Rate(), lambda: router)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = delegation.Requests()
        while data := await reader.read(65_536):
            for each in requests.feed(data):
                writer.write(delegation.encode(desk.answer(each, 0)))
            await writer.drain()

    async def listen() -> None:
        server = await asyncio.start_unix_server(answer, path)
        print("ready", flush=True)
        await server.serve_forever()

    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    asyncio.run(listen())


def run() -> list[dict[str, Any]]:
    """Measure requests a second, and how long the slowest one in a hundred waits at the goal."""
    with tempfile.TemporaryDirectory() as folder:
        inventory, path = Path(folder) / "inventory.yml", Path(folder) / "policy.sock"
        write_inventory(inventory, SMALL)
        command = [sys.executable, "-m", "tests.bench.policy", str(inventory), str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            try:
                seconds, _ = load_it(path, None)
                _, times = load_it(path, RATE)
            finally:
                server.terminate()
    slowest = statistics.quantiles(times, n=100)[98]
    return [
        entry("policy_1000_requests_s", seconds / REQUESTS * 1000),
        entry("policy_p99_s", slowest),
    ]


if __name__ == "__main__":
    serve(*sys.argv[1:])
