"""What is tried with every mail server."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import imap
from machine import Machine, wait_for
from messages import Message, Stored, bulk, compare, framed, numbered, quoted_body, read, samples
from server import REPOSITORY, Server

POLICY = (REPOSITORY / "etc/dotlock.yaml").read_text()
# Nobody waits long for a lock that is held on purpose.
HASTY = POLICY.replace("timeout: 30s", "timeout: 1s")
TYPO = POLICY.replace("  lease:", "  leese:")
assert POLICY != HASTY and POLICY != TYPO


@dataclass
class Bed:
    """One server, running, and one kind of directory for its mailboxes."""
    machine: Machine
    server: Server

    def clear(self, mode: int) -> None:
        """A new spool. In one that the recipient cannot write somebody has made the mailbox, as mail servers do."""
        self.policy(POLICY)
        # A case that failed may have left mail that is still to come.
        if self.server.queue():
            self.server.retry()
            wait_for("an empty queue", lambda: not self.server.queue())
        spool = self.machine.path("/var/mail")
        for file in spool.iterdir():
            file.unlink()
        self.machine.path("/home/ann/Mailbox").unlink(missing_ok=True)
        # Dovecot remembers what was in a mailbox of this name.
        self.machine.directory(imap.HOME, 0o700, self.server.owner)
        group = self.machine.number("mail" if mode & 0o2000 else "root")
        os.chown(spool, 0, group)
        spool.chmod(mode)
        if mode & 0o2000:
            self.machine.write(self.server.mailbox, b"", 0o660, self.server.owner, "mail")
        elif self.server.runs_as == "root":
            self.machine.write(self.server.mailbox, b"", 0o600, self.server.owner)

    def policy(self, text: str) -> None:
        self.machine.write("/etc/dotlock.yaml", text)

    def fill(self, count: int, size: int) -> list[Message]:
        """Puts so many messages into the mailbox, and a large one behind them, so that to remove one takes its time.
        The first one is delivered, so that the mailbox is as a delivery makes it."""
        messages = [*numbered(count, "old"), bulk("bulk", size)]
        self.server.submit(messages[0])
        self.expect(messages[:1])
        with open(self.machine.path(self.server.mailbox), "ab") as mailbox:
            for message in messages[1:]:
                mailbox.write(framed(message))
        return messages

    def bytes(self) -> bytes:
        file = self.machine.path(self.server.mailbox)
        return file.read_bytes() if file.exists() else b""

    @contextmanager
    def held(self):
        """Somebody else has every lock on the mailbox, and leaves at the end."""
        holder = subprocess.Popen(
            self.machine.command(
                ["dotlock", "--method", "dotlock+fcntl", self.server.mailbox, "sh", "-c", "echo held; exec cat"]),
            env=self.machine.environment("root"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert holder.stdout.readline() == b"held\n", "the lock could not be taken"
            yield
        finally:
            holder.stdin.close()
            assert holder.wait(30) == 0, "the holder has lost its lock"

    def expect(self, messages: list[Message]) -> list[Stored]:
        """These messages come, each once and as it was sent, and nothing is left: no lock file, no bounce, no queue."""
        wait_for(f"{len(messages)} messages", lambda: self._count() >= len(messages), 60)
        assert self.server.settle() == 0, "messages are still queued"
        stored = read(self.bytes())
        names = [entry.name for entry in stored]
        assert sorted(names) == sorted(message.name for message in messages), names
        sent = {message.name: message for message in messages}
        for entry in stored:
            compare(entry, sent[entry.name], self.server.keeps_carriage_returns)
        wait_for("an orderly directory", lambda: not self.left(), 5)
        return stored

    def left(self) -> list[str]:
        """What is beside the mailbox. A bounce would make a mailbox for its sender."""
        mailbox = self.machine.path(self.server.mailbox)
        names = [file.name for file in mailbox.parent.iterdir() if file != mailbox]
        return [name for name in names if mailbox.name in name or name == "bob"]

    def _count(self) -> int:
        return self.bytes().count(b"\nX-Bench: ")


def delivery(bed: Bed) -> None:
    """Every sample message: whole, with its sender, quoted. Dovecot shows each once."""
    messages = [message for message in samples(REPOSITORY) if message.name not in bed.server.damages]
    bed.server.submit_all(messages)
    imap.sees(bed.expect(messages))


def missing(bed: Bed) -> None:
    """There is no mailbox. Whoever may make one there does; else the message stays queued until there is one."""
    mailbox = bed.machine.path(bed.server.mailbox)
    mailbox.unlink(missing_ok=True)
    messages = numbered(1)
    bed.server.submit_all(messages)
    if left := bed.server.settle():
        assert left == len(messages) and not mailbox.exists() and not bed.left()
        bed.machine.write(bed.server.mailbox, b"", 0o660, bed.server.owner, "mail")
        bed.server.retry()
    stored = bed.expect(messages)
    # One that root has made is root's.
    if bed.server.runs_as == "root":
        os.chown(mailbox, bed.machine.number(bed.server.owner), -1)
    imap.sees(stored)


def busy(bed: Bed) -> None:
    """The lock is held: the message stays queued, the mailbox as it was. Later it is delivered."""
    first, second = numbered(2)
    bed.server.submit(first)
    bed.expect([first])
    bed.policy(HASTY)
    with bed.held():
        before = bed.bytes()
        bed.server.submit(second)
        assert bed.server.settle() == 1, "a message that could not be delivered is not queued"
        assert bed.bytes() == before, "the mailbox was changed under somebody else's lock"
    bed.server.retry()
    imap.sees(bed.expect([first, second]))


def typo(bed: Bed) -> None:
    """The policy has a mistake: nothing bounces, and everything comes when it is mended."""
    messages = numbered(2)
    bed.policy(TYPO)
    bed.server.submit_all(messages)
    assert bed.server.settle() == len(messages), "a message is lost, or was bounced, because of a typo"
    assert bed.bytes() == b""
    bed.policy(POLICY)
    bed.server.retry()
    imap.sees(bed.expect(messages))


def rewriting(bed: Bed) -> None:
    """An IMAP client reads, flags and expunges while mail comes in. It never sees half a message, and none is lost."""
    old, new = bed.fill(12, 4 << 20), numbered(30, "new")
    sent = {message.name: message for message in [*old, *new]}
    with ThreadPoolExecutor(1) as pool, imap.Client() as client:
        submitted = pool.submit(bed.server.submit_all, new)
        while not submitted.done() or bed.server.queue():
            _read_and_rewrite(client, sent)
        submitted.result()
        client.messages()
    assert client.gone, "Dovecot has rewritten nothing"
    imap.sees(bed.expect([message for name, message in sent.items() if name not in client.gone]))


def _read_and_rewrite(client: imap.Client, sent: dict[str, Message]) -> None:
    seen = client.messages()
    for name, (_, body) in seen.items():
        assert name not in client.gone, f"{name} was expunged and came back"
        assert body == imap.shown(quoted_body(sent[name])), f"IMAP shows {name} half"
    client.flag(seen[client.order[-1]][0], r"\Flagged")
    # The first one, so that all others move.
    if client.order[0] != "bulk":
        client.flag(seen[client.order[0]][0], r"\Deleted")
        client.expunge()
