"""Runs in a guest: deliveries, and maildirs that are moved, with the recorder told what was promised when.

usage: workload.py SETUP.json
"""
import fcntl
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

from PowerCut.mail import INITIAL, message

DM_TARGET_MSG = 3 << 30 | 312 << 16 | 0xFD << 8 | 14


class Recorder:
    """dm-log-writes, by its ioctl: a program for each mark would take longer than the delivery."""

    def __init__(self, device):
        self._control, self._device = os.open("/dev/mapper/control", os.O_RDWR), device.encode()

    def mark(self, text):
        data = struct.pack("<Q", 0) + f"mark {text}".encode() + b"\0"
        head = struct.pack("<12I", 4, 0, 0, 312 + len(data), 312, 0, 0, 0, 0, 0, 0, 0)
        head += self._device.ljust(128, b"\0") + bytes(136)
        fcntl.ioctl(self._control, DM_TARGET_MSG, bytearray(head + data))


class Teller:
    """The host itself, of a guest that is going to be killed."""

    def __init__(self):
        self._line = os.open("/dev/ttyS0", os.O_WRONLY)

    def mark(self, text):
        os.write(self._line, f"told {text}\n".encode())


def store(path, content):
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def fill(maildir, messages):
    """As a mail system delivers to a maildir: on disk before it has its name."""
    for number, (name, size) in enumerate(messages):
        path = f"{maildir}/tmp/{name}"
        store(path, message(name, size))
        # What was written in this very second is not moved yet; and the order is that of the times.
        os.utime(path, (time.time() - 600 + number,) * 2)
        os.rename(path, f"{maildir}/new/{name}")
    os.sync()


def neighbour(directory, stop, seed):
    """Another program's writes and syncs, which bring to disk whatever there is at that moment."""
    chance, number = random.Random(seed), 0
    descriptor = os.open(directory, os.O_RDONLY)
    store(f"{directory}/neighbour.0", b"")
    while not stop.wait(chance.random() * 0.02):
        what = chance.randrange(4)
        if what < 2:
            os.sync()
        elif what == 2:
            store(f"{directory}/neighbour", os.urandom(chance.choice([10, 9000])))
        else:
            os.rename(f"{directory}/neighbour.{number}", f"{directory}/neighbour.{number + 1}")
            number += 1
            os.fsync(descriptor)


def run(setup):
    recorder = Recorder(setup["recorder"]) if setup["recorder"] else Teller()
    mail, home = setup["mail"], setup["home"]
    for maildir in setup["maildirs"]:
        for part in "", "new", "cur", "tmp":
            os.mkdir(f"{maildir}/{part}")
    os.mkdir(f"{mail}/spool")
    store(f"{mail}/spool/Mailbox", INITIAL)
    os.chmod(f"{mail}/spool/Mailbox", 0o600)
    os.sync()
    recorder.mark("begin")
    stop = threading.Event()
    other = threading.Thread(target=neighbour, args=(mail, stop, setup["seed"]), daemon=True)
    other.start()
    for number, step in enumerate(setup["steps"]):
        perform(number, step, setup, recorder)
    stop.set()
    other.join()
    os.sync()
    recorder.mark("end")


def deliver(command, content):
    """A large message in steps: what there is of it comes to disk each time."""
    with tempfile.TemporaryFile(dir="/run") as file:
        file.write(content)
        file.seek(0)
        process = subprocess.Popen(command, stdin=file)
    while len(content) > 1 << 20 and process.poll() is None:
        time.sleep(0.002)
        process.send_signal(signal.SIGSTOP)
        os.sync()
        process.send_signal(signal.SIGCONT)
    process.wait()
    return process


def perform(number, step, setup, recorder):
    options = [word for option in setup["options"] for word in ("-o", option)]
    mailbox = f"{setup['mail']}/spool/{step['mailbox']}"
    if step["kind"] == "deliver":
        (name, size), = step["messages"]
        recorder.mark(f"try:{number}")
        result = deliver([setup["programs"] + "/mboxappend", *options, mailbox], message(name, size))
    else:
        fill(step["maildir"], step["messages"])
        recorder.mark(f"filled:{number}")
        result = subprocess.run([setup["programs"] + "/maildir2mbox", *options, step["maildir"], mailbox])
    if result.returncode != 0:
        sys.exit(f"step {number} ended with status {result.returncode}")
    recorder.mark(f"done:{number}")


with open(sys.argv[1]) as file:
    run(json.load(file))
