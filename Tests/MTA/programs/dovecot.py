"""Dovecot and the toolkit keep each other out: each is stopped while it holds its locks, and the other one tries."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import imap
from cases import HASTY, Bed
from messages import numbered


def waits(bed: Bed) -> None:
    """While our lock is held Dovecot changes nothing; when it is free Dovecot does what it was asked for."""
    old = bed.fill(2, 1 << 20)
    with ThreadPoolExecutor(1) as pool, imap.Client() as client:
        uid = client.messages()[old[0].name][0]
        with bed.held():
            before = bed.bytes()
            expunging = pool.submit(_expunge, client, uid)
            time.sleep(1.5)
            assert not expunging.done() and bed.bytes() == before, "Dovecot has written under our lock"
        expunging.result()
        client.messages()
        assert client.gone == {old[0].name}
    imap.sees(bed.expect(old[1:]))


def is_waited_for(bed: Bed) -> None:
    """While Dovecot is in the middle of rewriting a mailbox a delivery is deferred, and comes later."""
    old, new = bed.fill(30, 16 << 20), numbered(1, "new")
    bed.policy(HASTY)
    with imap.Client() as client, _stopped(bed, client):
        before = bed.bytes()
        bed.server.submit(new[0])
        assert bed.server.settle() == 1, "a message was delivered while Dovecot was writing"
        assert bed.bytes() == before
    bed.server.retry()
    imap.sees(bed.expect([message for message in [*old, *new] if message.name not in client.gone]))


def _expunge(client: imap.Client, uid: str) -> None:
    client.flag(uid, r"\Deleted")
    client.expunge()


@contextmanager
def _stopped(bed: Bed, client: imap.Client):
    """Dovecot's process is stopped while it has the mailbox locked for writing. That is caught by looking often, which
    may need more than one try."""
    with ThreadPoolExecutor(1) as pool:
        for _ in range(25):
            first = client.messages()[client.order[0]][0]
            expunging = pool.submit(_expunge, client, first)
            process = _caught(bed, expunging)
            if process is None:
                expunging.result()
                continue
            try:
                yield
            finally:
                os.kill(process, signal.SIGCONT)
                expunging.result()
            client.messages()
            return
    raise AssertionError("Dovecot could not be stopped while it had the lock")


def _caught(bed: Bed, expunging) -> int | None:
    while not expunging.done():
        process = _writer(bed)
        if process is None:
            continue
        os.kill(process, signal.SIGSTOP)
        time.sleep(0.05)
        if _writer(bed) == process:
            return process
        os.kill(process, signal.SIGCONT)
    return None


def _writer(bed: Bed) -> int | None:
    """The process that has a POSIX write lock on the mailbox."""
    number = bed.machine.path(bed.server.mailbox).stat().st_ino
    with open("/proc/locks") as locks:
        for line in locks:
            _, kind, _, access, process, place, *_ = line.replace("->", "").split()
            if (kind, access) == ("POSIX", "WRITE") and place.endswith(f":{number}") and int(process) > 0:
                return int(process)
    return None
