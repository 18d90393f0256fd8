"""mutt, at a terminal, as people use it."""

import contextlib
import os
import select
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import imap
from cases import Bed
from machine import Machine
from messages import numbered
from server import example


def reading(bed: Bed) -> None:
    """mutt deletes messages while others come in: what is deleted is gone, what came is there."""
    machine = bed.machine
    prepare(machine)
    old, new = bed.fill(5, 16 << 20), numbered(24, "new")
    with ThreadPoolExecutor(1) as pool:
        submitted = pool.submit(bed.server.submit_all, new)
        # New mail may come between a key and the next one, and then mutt forgets what is left of a command.
        while b"\nX-Bench: old-" in bed.bytes():
            run(machine, "<first-entry><delete-message>", "q")
        submitted.result()
    imap.sees(bed.expect([old[-1], *new]))


def locked_out(bed: Bed) -> None:
    """mutt changes nothing while somebody else has the lock."""
    machine = bed.machine
    prepare(machine)
    messages = numbered(2)
    bed.server.submit_all(messages)
    bed.expect(messages)
    with bed.held():
        before = bed.bytes()
        said = run(machine, "<first-entry><delete-message>", "x")
        assert b"read-only" in said, f"mutt believes that it may write: {said[-300:]!r}"
        assert bed.bytes() == before, "mutt has written under somebody else's lock"
    bed.expect(messages)


def prepare(machine: Machine) -> None:
    machine.write("/home/ann/.muttrc", example("mutt/muttrc"), 0o600, "ann")
    # Otherwise mutt asks whether it is to be made.
    machine.directory("/home/ann/Mail", 0o700, "ann")


def run(machine: Machine, functions: str, key: str) -> bytes:
    """Carries out the functions, and presses the key again and again until mutt ends. What the terminal showed."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        machine.command(["mutt", "-e", f'push "{functions}"'], "ann"), env=machine.environment("ann"), stdin=theirs,
        stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    deadline = time.monotonic() + 30
    shown = b""
    # A terminal that nobody has open any more is an error, not an end.
    with contextlib.suppress(OSError):
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.3)[0]:
                shown += os.read(ours, 65536)
            else:
                os.write(ours, key.encode())
    os.close(ours)
    process.terminate()
    status = process.wait(10)
    assert status == 0, f"mutt: status {status}: {shown[-500:]!r}"
    return shown


def complaints(machine: Machine, fragment: str) -> str:
    """`-D` reads a muttrc, prints every variable, and complains on standard error."""
    machine.write("/tmp/muttrc", fragment)
    result = machine.run("mutt", "-n", "-F", "/tmp/muttrc", "-D")
    wrong = [line for line in result.stdout.decode(errors="replace").splitlines() if "/tmp/muttrc" in line]
    return "\n".join(wrong) or ("" if result.returncode == 0 else f"status {result.returncode}")
