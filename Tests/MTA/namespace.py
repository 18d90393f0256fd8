"""A world of its own for the whole bench: no network but loopback, mounts that nobody else sees, and process numbers
that the kernel clears away with the bench, however it ends."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HOST = "mx.example.org"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
# CLONE_NEWNS, _NEWUTS, _NEWIPC, _NEWPID and _NEWNET of sched.h; PR_SET_PDEATHSIG of prctl.h.
WORLDS = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
PARENT_DEATH_SIGNAL = 1
libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """Why there are no such worlds on this machine."""


def enter() -> None:
    """Goes there with a child that is the first process of its world. The parent waits, and never returns."""
    if os.geteuid() != 0:
        raise Unavailable("servers that deliver as other users need root")
    if libc.unshare(WORLDS) != 0:
        raise Unavailable(f"no namespaces here: {os.strerror(ctypes.get_errno())}")
    child = os.fork()
    if child == 0:
        return _arrive()
    for number in SIGNALS:
        signal.signal(number, lambda number, _: os.kill(child, number))
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)


def _arrive() -> None:
    def stop(number, _frame):
        # Once is enough: what follows is clearing up.
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        sys.exit(128 + number)

    # Whoever kills the parent kills this, and with it all that is in here.
    libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    # The first process of its world is hit by no signal that it has no handler for.
    for number in SIGNALS:
        signal.signal(number, stop)
    os.umask(0o022)
    socket.sethostname(HOST)
    mount("--make-rprivate", "/")
    mount("-t", "proc", "proc", "/proc")
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
