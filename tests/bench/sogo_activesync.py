"""
The webmail's own ActiveSync, beside the gateway on one host: what phones would have without it.

It answers below PATH, for versions up to 14.1, from the same mailboxes. Nothing but Debian's
mirror is needed. A host that has it is for measuring: the package stays until the host goes.
"""

from __future__ import annotations

from fermoposta_demo import host
from fermoposta_demo.podman import podman
from fermoposta_demo.progress import CommandError

PATH = "/sogo-activesync"
"""Where it answers, on the webmail's name; the usual path is the gateway's."""

PACKAGE = "sogo-activesync"
SITE = "/etc/nginx/conf.d/webmail.conf"
SNIPPET = "/etc/nginx/snippets/sogo-activesync.conf"
INCLUDE = "include snippets/sogo-activesync.conf;"
ANCHOR = "    location = / {"
SETTINGS = "/etc/sogo/sogo.conf"
HEADERS = "/etc/nginx/snippets/webmail-proxy.conf"
LOCATION = f"""\
location ^~ {PATH} {{
    proxy_pass http://127.0.0.1:20000/SOGo/Microsoft-Server-ActiveSync;
    proxy_buffering off;
    client_max_body_size 70m;
    %s
}}
"""
# In seconds: a Ping is answered after almost an hour.
TIMEOUT = ("proxy_read_timeout 300s;", "proxy_read_timeout 3600s;")
# Without these it answers a Ping after 10 s, whatever the phone asks for: no push at all.
LONG_PINGS = """\
  SOGoMaximumPingInterval = 3540;
  SOGoMaximumSyncInterval = 3540;
  SOGoInternalSyncInterval = 30;
"""
# In minutes; a worker that holds a Ping for longer would be killed.
WATCHDOG = ("WOWatchDogRequestTimeout = 10;", "WOWatchDogRequestTimeout = 60;")


def install(container: str, *, workers: int = 20) -> None:
    """
    Put it on a provisioned host, once or again; *workers* is how many requests it holds at once.

    A Ping occupies a worker until it ends. Raises CommandError where a step fails.
    """
    _apt(container)
    settings = podman("exec", container, "cat", SETTINGS)
    if LONG_PINGS not in settings:
        settings = settings.replace(*WATCHDOG)
        settings = _before(settings, "\n}", "\n" + LONG_PINGS.rstrip("\n"), last=True)
        _write(container, SETTINGS, settings)
    _write(container, "/etc/default/sogo", f"PREFORK={workers}\n")
    headers = podman("exec", container, "cat", HEADERS).replace(*TIMEOUT)
    _write(container, SNIPPET, LOCATION % headers)
    site = podman("exec", container, "cat", SITE)
    if INCLUDE not in site:
        _write(container, SITE, _before(site, ANCHOR, f"    {INCLUDE}\n\n"))
    podman("exec", container, "systemctl", "restart", "sogo")
    podman("exec", container, "nginx", "-t", "-q")
    podman("exec", container, "systemctl", "reload", "nginx")


def prepare(container: str, address: str) -> None:
    """
    Have Dovecot count changes in every folder of *address*.

    It does so from the first time that somebody asks for the number of the last change. Before, a
    phone gets nothing at all from a folder: the webmail's SyncKey is made of that number.
    """
    podman("exec", container, "doveadm", "mailbox", "status", "-u", address, "highestmodseq", "*")


def _apt(container: str) -> None:
    """Install the package, of the very version that the webmail has."""
    apt = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet=2")
    version = podman(
        "exec", container, "dpkg-query", "--show", "--showformat=${Version}", "sogo"
    ).strip()
    podman("exec", container, *apt, "update")
    podman(
        "exec",
        container,
        *apt,
        "install",
        "--yes",
        "--no-install-recommends",
        f"{PACKAGE}={version}",
    )


def _before(text: str, anchor: str, added: str, *, last: bool = False) -> str:
    """Return *text* with *added* in front of *anchor*."""
    at = text.rfind(anchor) if last else text.find(anchor)
    if at < 0:
        raise CommandError(f"set-up of {PACKAGE}", f"{anchor!r} is not where it was expected")
    return text[:at] + added + text[at:]


def _write(container: str, path: str, text: str) -> None:
    """Overwrite the content of a file; its owner and mode stay."""
    host.put(container, path, text.encode())
