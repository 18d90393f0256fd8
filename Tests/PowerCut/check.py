"""Runs in a guest: mounts the disks that power cuts have left, lets ordinary deliveries follow, and looks.

usage: check.py SETUP.json ANSWERS.json
"""
import collections
import ctypes
import json
import os
import subprocess
import sys
import time

from PowerCut.mail import INITIAL, message, split

AFTER = ("after", 1500)


class Look:
    """Everything that is where mail is."""

    def __init__(self, setup):
        self.mailboxes, self.pieces, self.kept = {}, 0, True
        self.left = []
        spool = f"{setup['mail']}/spool"
        for name in sorted(os.listdir(spool)):
            if name in ("Mailbox", "Other"):
                self._read(name, f"{spool}/{name}")
            else:
                self.left.append(name)
        self.unmoved = []
        for maildir in setup["maildirs"]:
            self.left += [name for name in os.listdir(maildir) if name not in ("new", "cur", "tmp")]
            self.unmoved += os.listdir(f"{maildir}/new") + os.listdir(f"{maildir}/cur")

    def _read(self, name, path):
        with open(path, "rb") as file:
            content = file.read()
        if name == "Mailbox":
            # Earlier mail.
            self.kept = content.startswith(INITIAL)
            content = content[len(INITIAL):]
        self.mailboxes[name], pieces = split(content)
        self.pieces += pieces

    @property
    def moved(self):
        return [name for names in self.mailboxes.values() for name in names]

    @property
    def places(self):
        return collections.Counter(self.moved + self.unmoved)


def check(setup, slot):
    """What is wrong, if anything, and how many of what are."""
    promised = [name for step in slot["done"] for name in names(setup, step)]
    stored = promised + [name for step in slot["filled"] for name in names(setup, step)]
    problems = []
    before = Look(setup)
    runs = follow(setup, slot["variant"])
    after = Look(setup)
    lost = [name for name in promised if name not in after.moved or name not in before.moved]
    lost += [name for name in stored if after.places[name] == 0 and name not in lost]
    doubled = [name for name, count in after.places.items() if count > 1]
    if not (before.kept and after.kept):
        problems.append("earlier mail has changed")
    for program, status, _ in runs:
        if status:
            problems.append(f"{program} afterwards: {status}")
    if not {AFTER[0], "after.0", "after.1"} <= set(after.moved):
        problems.append("the mail that followed is not there")
    if lost and setup["keeps"]:
        problems.append(f"lost: {' '.join(lost)}")
    if setup["holds"]:
        problems += broken_promises(setup, after, doubled)
    if problems:
        problems += [f"{program} said: {said}" for program, _, said in runs if said]
    return problems, {
        "cuts": 1, "partial before": bool(before.pieces), "partial after": bool(after.pieces), "lost": bool(lost),
        "doubled": bool(doubled), "left": bool(after.left)}, after.left


def broken_promises(setup, after, doubled):
    """What journal: power promises besides."""
    order = [name for step in setup["steps"] for name, _ in step["messages"]]
    positions = [order.index(name) for name in after.mailboxes["Mailbox"] if not name.startswith("after")]
    if after.pieces:
        yield f"{after.pieces} pieces of messages"
    if doubled:
        yield f"twice: {' '.join(doubled)}"
    if after.left:
        yield f"left behind: {' '.join(after.left)}"
    if after.unmoved:
        yield f"not moved: {' '.join(after.unmoved)}"
    if positions != sorted(positions) and "Other" not in after.mailboxes:
        yield "not in the order of delivery"


def follow(setup, variant):
    """The next users of the mailbox, in one order or the other."""
    mailbox = f"{setup['mail']}/spool/Mailbox"
    other = f"{setup['mail']}/spool/Other"
    options = [word for option in setup["options"] + ["wait.timeout=5s"] for word in ("-o", option)]

    def run(program, *operands, **more):
        result = subprocess.run([f"{setup['programs']}/{program}", "-v", *options, *operands], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=program != "mboxappend", timeout=60, **more)
        said = result.stdout if isinstance(result.stdout, str) else result.stdout.decode()
        return program, f"status {result.returncode}: {said.strip()}" if result.returncode else "", said.strip()

    def deliver():
        return [run("mboxappend", mailbox, input=message(*AFTER))]

    def move(destination):
        return [run("maildir2mbox", maildir, destination) for maildir in setup["maildirs"]]

    for number, maildir in enumerate(setup["maildirs"]):
        path = f"{maildir}/new/after.{number}"
        with open(path, "wb") as file:
            file.write(message(f"after.{number}", 700))
        os.utime(path, (time.time() - 10,) * 2)  # what is younger than a second is not moved yet
    if variant == 0:
        return deliver() + move(mailbox)
    if variant == 1:
        return move(mailbox) + deliver()
    return move(other) + deliver()


def names(setup, step):
    return [name for name, _ in setup["steps"][step]["messages"]]


LIBC = ctypes.CDLL(None, use_errno=True)


def mounted(setup, slot):
    tables = ";".join(f"cut-{name},,,rw,0 {sectors} linear {setup['device']} {slot['start'] + start}"
                      for name, start, sectors, *_ in setup["layout"])
    subprocess.run(["dmsetup", "create", "--concise", tables], check=True)
    for name, _, _, kind, options in setup["layout"]:
        # Not by mount(8): in a guest a program takes long to start.
        words = f"/dev/mapper/cut-{name}", setup[name], kind, 0, options
        if LIBC.mount(*[word.encode() if isinstance(word, str) else word for word in words]) != 0:
            return f"{kind} cannot be mounted: {os.strerror(ctypes.get_errno())}"
    return None


def unmounted(setup):
    for name, *_ in setup["layout"]:
        LIBC.umount(setup[name].encode())
    subprocess.run(["dmsetup", "remove", "--retry", *(f"cut-{name}" for name, *_ in setup["layout"])], check=True)


with open(sys.argv[1]) as file:
    setup = json.load(file)
answers = []
for slot in setup["slots"]:
    obstacle = mounted(setup, slot)
    answers.append(([obstacle], {}, []) if obstacle else check(setup, slot))
    unmounted(setup)
with open(sys.argv[2], "w") as file:
    json.dump(answers, file)
    file.flush()
    os.fsync(file.fileno())
