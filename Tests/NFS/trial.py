"""One mailbox on the export, the deliveries to it, and the reading back of everything."""
import mailbox
import os
import random
import re
import signal
from collections import Counter

from NFS.site import EXPORT


class Failed(Exception):
    """The product did what it promises not to do."""


class Trial:
    """A directory of its own on the export, with one mailbox.

    A place is a guest's name and how it sees the export: "a:v3", "b:v4.2", or "server".
    """

    def __init__(self, site, name):
        self.site, self.name = site, name
        self._statuses, self._messages, self._jobs = {}, {}, []
        # Deliveries of which nobody was told how they ended, or which were told too late: they may be there, once.
        self.uncertain = set()
        site.server.run(f"mkdir -m 777 {EXPORT}/{name}")

    def guest(self, place):
        return self.site.guests[place.partition(":")[0]]

    def directory(self, place):
        version = place.partition(":")[2]
        return f"/mnt/{version}/{self.name}" if version else f"{EXPORT}/{self.name}"

    def mailbox(self, place):
        return f"{self.directory(place)}/Mailbox"

    def deliver(self, place, count, options="", size=2000, command=None):
        """Starts `count` deliveries, one after the other."""
        guest, number = self.guest(place), len(self._jobs)
        folder = f"{guest.shared}/{self.name}-{number}"
        os.mkdir(folder)
        names = [f"{number}.{n}" for n in range(count)]
        for name in names:
            self._messages[name] = message(name, size)
            with open(f"{folder}/{name}", "wb") as file:
                file.write(self._messages[name])
        command = command or f"mboxappend {options} {self.mailbox(place)}"
        job = guest.start(f"for n in {' '.join(names)}; do\n  {command} <{folder}/$n\n  echo \"status $n $?\"\ndone")
        job.names, job.place = names, place
        self._jobs.append(job)
        return job

    def jobs(self):
        return list(self._jobs)

    def jobs_of(self, place):
        return [job for job in self._jobs if job.place == place]

    def fill_maildir(self, place, count):
        """Makes a maildir with messages. Returns their names."""
        guest, names = self.guest(place), [f"m.{n}" for n in range(count)]
        folder = f"{guest.shared}/{self.name}-maildir"
        os.mkdir(folder)
        for name in names:
            self._messages[name] = message(name, 2000)
            with open(f"{folder}/{name}", "wb") as file:
                file.write(self._messages[name])
        maildir = f"{self.directory(place)}/Maildir"
        # What is as young as the job is left to the next one, and the clocks of three machines are three.
        guest.run(f"mkdir -p {maildir}/tmp {maildir}/new {maildir}/cur; cp {folder}/* {maildir}/new\n"
                  f"touch -d '9 seconds ago' {maildir}/new/*")
        return names

    def note_delivered(self, names):
        self._statuses.update(dict.fromkeys(names, 0))

    def wait(self, seconds=120):
        """Waits for all deliveries, and notes how each ended."""
        for job in self._jobs:
            job.wait(seconds)
            self.note(job)

    def note(self, job):
        """Notes how the deliveries of a job ended; its guest may be gone, and nobody is told of what was killed."""
        for name, status in re.findall(r"^status (\S+) (\d+)$", job.output, re.MULTILINE):
            if int(status) != 128 + signal.SIGKILL:
                self._statuses[name] = int(status)

    def status(self, job, number=0):
        return self._statuses.get(job.names[number])

    def complaints(self):
        """What was said, and how many deliveries ended how."""
        said = {line for job in self._jobs for line in job.output.splitlines() if not line.startswith("status ")}
        return f"statuses {dict(self.statuses())}; {sorted(said)}"

    def expect_success(self):
        """Whoever was patient has delivered."""
        if set(self.statuses()) != {0}:
            raise Failed(self.complaints())

    def statuses(self):
        return Counter(self._statuses.values())

    def delivered(self, job):
        return sum(self._statuses.get(name) == 0 for name in job.names)

    def expect(self, wanted, job, number=0):
        if (status := self.status(job, number)) != wanted:
            raise Failed(f"status {status} instead of {wanted}: {job.output}")

    def expect_all(self, wanted, job):
        for number in range(len(job.names)):
            self.expect(wanted, job, number)

    def check(self, leftovers=frozenset()):
        """Every message that was reported as delivered is in the mailbox, once and as it was sent, and nothing else is
        anywhere. Read by the server, and by a program that is not ours."""
        found = self._read()
        for name in self._messages:
            wanted = {0: {1}, None: {0, 1}}.get(self._statuses.get(name), {0})
            if name in self.uncertain:
                wanted = {0, 1}
            if (times := found.pop(name, 0)) not in wanted:
                raise Failed(f"message {name} (status {self._statuses.get(name)}) is {times} times in the mailbox; "
                             f"{self.complaints()}")
        if found:
            raise Failed(f"unknown messages: {found}")
        self.check_directory(leftovers)

    def names_left(self):
        return set(self.site.server.run(f"ls -A {EXPORT}/{self.name}").output.split()) - {"Mailbox"}

    def check_directory(self, leftovers=frozenset()):
        if left := self.names_left() - leftovers:
            details = self.site.server.run(f"cd {EXPORT}/{self.name}; ls -lAR; head -c 50 *.lock*", check=False)
            raise Failed(f"left behind: {sorted(left)}\n{details.output}")

    def _read(self):
        server = self.site.server
        copy = f"{server.shared}/{self.name}.mbox"
        server.run(f"cat {EXPORT}/{self.name}/Mailbox >{copy}; sync {copy}")
        found = Counter()
        box = mailbox.mbox(copy, create=False)
        for key in box.keys():
            text = box.get_bytes(key)
            name = re.match(rb"X-Name: (\S+)\n", text)
            name = name.group(1).decode() if name else "?"
            if unquoted(text) != self._messages.get(name):
                raise Failed(f"message {name} is not what it was: {difference(unquoted(text), self._messages.get(name))}")
            found[name] += 1
        box.close()
        return found


def difference(found, sent):
    """Where one begins to be another, and what is there."""
    if sent is None:
        return f"nobody sent {found[:200]!r}"
    place = next((at for at, (one, other) in enumerate(zip(found, sent)) if one != other), min(len(found), len(sent)))
    return (f"{len(found)} of {len(sent)} bytes, and from {place} on {found[place:place + 200]!r} in place of "
            f"{sent[place:place + 200]!r}")


def message(name, size):
    """A message with what mailboxes are sensitive to, and with a name."""
    chance = random.Random(name)
    lines = [f"X-Name: {name}", "Subject: test", ""]
    while sum(map(len, lines)) < size:
        lines.append(chance.choice(["", "From me", ">From you", "From: them", "x" * chance.randrange(200), "end."]))
    return "\n".join([*lines, "end", ""]).encode()


def unquoted(text):
    return re.sub(rb"^>(>*From )", rb"\1", text, flags=re.MULTILINE)
