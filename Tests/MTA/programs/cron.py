"""Jobs of cron: mail is moved and archived while other mail comes in."""

import os
import re
from concurrent.futures import ThreadPoolExecutor

from cases import Bed
from machine import wait_for
from messages import numbered, read
from server import REPOSITORY, example


def jobs(bed: Bed) -> None:
    """Debian's cron runs the lines of examples/cron/mailboxes: at its start, not at the times that they have."""
    machine = bed.machine
    for name in ["", "/new", "/cur", "/tmp"]:
        machine.directory(f"/home/ann/Maildir{name}", 0o700, "ann")
    machine.directory("/home/ann/mail", 0o700, "ann")
    machine.write("/usr/local/bin/archive", (REPOSITORY / "examples/shell-script/archive").read_bytes(), 0o755)
    moved, old, new = numbered(10, "moved"), numbered(5, "old"), numbered(10, "new")
    for number, message in enumerate(moved):
        text = f"Return-Path: <{message.sender}>\n".encode() + message.text
        path, time = f"/home/ann/Maildir/new/{1700000000 + number}.1.bench", 1700000000 + number
        machine.write(path, text, 0o600, "ann")
        # What comes in the very second in which a job begins is left to the next one.
        os.utime(machine.path(path), (time, time))
    bed.server.submit_all(old)
    bed.expect(old)
    lines = at_start(example("cron/mailboxes"))
    for place in ["/etc/crontab", "/run/crond.reboot"]:
        machine.path(place).unlink(missing_ok=True)
    machine.directory("/etc/cron.d")
    machine.directory("/var/spool/cron/crontabs", 0o1730, "root", "crontab")
    machine.write("/etc/cron.d/mailboxes", lines)
    cron = machine.daemon("/usr/sbin/cron", "-f")
    try:
        with ThreadPoolExecutor(1) as pool:
            submitted = pool.submit(bed.server.submit_all, new)
            wait_for("an empty maildir", lambda: not list(machine.path("/home/ann/Maildir/new").iterdir()))
            wait_for("an archive", lambda: machine.path("/home/ann/mail/archive").exists())
            submitted.result()
    finally:
        machine.end(cron)
    expect_all(bed, moved + old + new)


def at_start(crontab: str) -> str:
    """The same jobs, with @reboot for their times."""
    lines = crontab.splitlines()
    jobs = [line for line in lines if re.match(r"[*\d]", line)]
    assert len(jobs) == 2
    return "".join((f"@reboot {line.split(maxsplit=5)[5]}" if line in jobs else line) + "\n" for line in lines)


def expect_all(bed: Bed, messages: list) -> None:
    """Each message is in the mailbox or in the archive, and so is the note that the script leaves; nothing else is,
    such as what cron would have sent if a job had said anything."""
    archive = bed.machine.path("/home/ann/mail/archive")

    def names() -> list[str]:
        return sorted(entry.name for entry in read(archive.read_bytes() + bed.bytes()))

    wanted = sorted([message.name for message in messages] + [""])
    wait_for("the last message", lambda: len(names()) >= len(wanted))
    assert names() == wanted, names()
    assert bed.server.settle() == 0
    wait_for("an orderly directory", lambda: not bed.left(), 5)
