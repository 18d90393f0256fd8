"""A world of its own for the whole bench: no network but loopback, mounts that nobody else sees, and process numbers
that the kernel clears away with the bench, however it ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

INSIDE = "MTA_BENCH_INSIDE"
HOST = "mx.example.org"


class Unavailable(Exception):
    """Why there are no such worlds on this machine."""


def enter(before) -> None:
    """Does what is to be done BEFORE, and starts this program again in there. It returns only inside."""
    if os.environ.get(INSIDE):
        return _arrive()
    if os.geteuid() != 0:
        raise Unavailable("servers that deliver as other users need root")
    worlds = ["--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    trial = subprocess.run(["unshare", *worlds, "true"], capture_output=True, text=True)
    if trial.returncode != 0:
        raise Unavailable(f"no namespaces here: {trial.stderr.strip()}")
    before()
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", *worlds, sys.executable, *sys.argv])


def _arrive() -> None:
    def stop(number, _frame):
        sys.exit(128 + number)

    # The first process of its world is hit by no signal that it has no handler for.
    for number in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]:
        signal.signal(number, stop)
    os.umask(0o022)
    socket.sethostname(HOST)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def is_empty() -> None:
    """Whoever has ended his servers has ended all their processes. They are children of ours, once orphaned."""
    deadline = time.monotonic() + 10
    while others := [number for number in os.listdir("/proc") if number.isdigit() and int(number) != os.getpid()]:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        assert time.monotonic() < deadline, f"still running: {[_name(number) for number in others]}"
        time.sleep(0.02)


def _name(number: str) -> str:
    with contextlib.suppress(OSError):
        return (Path("/proc") / number / "comm").read_text().strip()
    return number


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def folder(place: Path) -> Path:
    """An empty memory file system: it is gone when the bench is. The locks on it follow the local rules."""
    place.mkdir(parents=True, exist_ok=True)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(place))
    return place
