"""What is on disk when the power goes, at many moments of many deliveries.

usage: powercut.py PROGRAMS [--cuts N] [--seed N] [--only TEXT]
"""
import argparse
import collections
import concurrent.futures
import json
import os
import random
import shutil
import sys
import threading
import time

from Guests.guest import Bed, CannotStart, GuestError
from PowerCut.recording import Disk, Recording, cuts

TESTS = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
SECTORS = 2048  # of a megabyte

# Name, megabytes, how it is made, how it is mounted.
FILE_SYSTEMS = [
    ("ext4", 48, "mkfs.ext4 -q -F -E nodiscard,lazy_itable_init=0", "ext4", ""),
    ("xfs", 300, "mkfs.xfs -q -f -K -l size=64m", "xfs", "nouuid"),
    ("btrfs", 128, "mkfs.btrfs -q -f -K", "btrfs", "nodiscard"),
    ("ext4-writeback", 48, "mkfs.ext4 -q -F -E nodiscard,lazy_itable_init=0", "ext4", "data=writeback"),
]
HOME = FILE_SYSTEMS[0]

# Name, options, whether all must hold, whether what was promised must be there.
SETTINGS = [
    ("journal: power", ["mailbox.journal=power"], True, True),
    ("journal: auto", ["mailbox.journal=auto"], False, True),
    ("journal: off", ["mailbox.journal=off", "steal.fence=none"], False, True),
    ("sync: false", ["mailbox.sync=false"], False, False),
]


class Tally:
    """The figures of all file systems."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.figures = collections.defaultdict(collections.Counter)
        self._lock = threading.Lock()

    def add(self, where, setting, cut, problems, figures, left):
        with self._lock:
            self.figures[where, setting].update(figures)
            if problems:
                self.failed += 1
                print(f"FAILED {where}, {setting}, cut {cut}: {'; '.join(problems)}", flush=True)
            else:
                self.passed += 1

    def skip(self, what, reason):
        with self._lock:
            self.skipped += 1
            print(f"skipped {what}: {reason}", flush=True)

    def report(self):
        columns = ["cuts", "partial before", "partial after", "lost", "doubled", "left"]
        print("\nWhat is seen before anybody recovers, and what stays for ever, in how many of the cuts:")
        print(f"{'':32}{'cuts':>6}{'partial before':>16}{'partial after':>15}{'lost':>6}{'doubled':>9}{'left':>6}")
        for (where, setting), figures in self.figures.items():
            print(f"{where + ', ' + setting:32}" + "".join(
                f"{figures[column]:>{width}}" for column, width in zip(columns, [6, 16, 15, 6, 9, 6])))
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")


def steps(home, mail, seed):
    """Small and large mail, and maildirs on the same and on another file system."""
    chance = random.Random(seed)
    plan = []
    for number in range(24):
        kind = "move" if number % 4 == 3 else "deliver"
        sizes = [chance.choice([300, 3000, 30000, 200000]) for _ in range(5 if kind == "move" else 1)]
        if number == 13:
            sizes = [5 << 20]
        plan.append({"kind": kind, "mailbox": "Mailbox", "maildir": [home, mail][number % 8 == 3] + "/Maildir",
                     "messages": [(f"m{number}.{part}", size) for part, size in enumerate(sizes)]})
    return plan


class Round:
    """One file system: a guest that delivers, and mounts what the cuts have left."""

    def __init__(self, bed, tally, file_system, arguments):
        self.name, self.megabytes, self.make, *self.mount = file_system
        self._tally, self._arguments = tally, arguments
        self._size = (self.megabytes + HOME[1]) * SECTORS
        directory = f"{bed.directory}/{self.name}-disks"
        os.makedirs(directory)
        self._data, self._log, self._slots = (f"{directory}/{name}" for name in ("data", "log", "slots"))
        self._batch = 24
        for path, sectors in (self._data, self._size), (self._log, 4096 * SECTORS), (self._slots, self._size * self._batch):
            with open(path, "wb") as file:
                file.truncate(sectors * 512)
        self._guest = bed.boot(self.name, disks=[self._data, self._log, self._slots], memory=256)

    def run(self):
        for setting in SETTINGS:
            if self._arguments.only in f"{self.name}, {setting[0]}":
                self._try(setting)

    def _try(self, setting):
        setup = self._setup(setting)
        started = time.monotonic()
        self._record(setup)
        if os.environ.get("DEBUG"): print("recorded", self.name, time.monotonic() - started, flush=True)
        recording = Recording(self._log)
        if os.environ.get("DEBUG"): print("spans", len(recording.spans), sum(len(s.writes) for s in recording.spans), time.monotonic() - started, flush=True)
        chosen = cuts(recording, self._arguments.cuts, self._arguments.seed)
        disk = Disk(recording)
        for first in range(0, len(chosen), self._batch):
            self._check(setup, recording, disk, chosen[first:first + self._batch], setting[0])

    def _setup(self, setting):
        _, options, strict, sync = setting
        mail, home = "/mnt/mail", "/mnt/home"
        layout = [("mail", 0, self.megabytes * SECTORS, *self.mount),
                  ("home", self.megabytes * SECTORS, HOME[1] * SECTORS, *HOME[3:])]
        return {"recorder": "recorder", "mail": mail, "home": home, "layout": layout, "device": "/dev/ubdc",
                "maildirs": [f"{home}/Maildir", f"{mail}/Maildir"], "options": options, "strict": strict, "sync": sync,
                "programs": self._arguments.programs, "busy": True, "seed": self._arguments.seed,
                "steps": steps(home, mail, self._arguments.seed)}

    def _record(self, setup):
        tables = "".join(
            f"dmsetup create {name} --table '0 {sectors} linear /dev/mapper/recorder {start}'\n"
            for name, start, sectors, *_ in setup["layout"])
        self._write("setup.json", setup)
        self._guest.run(f"""set -e; export DM_DISABLE_UDEV=1
            blockdev --flushbufs /dev/ubda; blockdev --flushbufs /dev/ubdb
            echo 5 >/proc/sys/vm/dirty_writeback_centisecs; echo 10 >/proc/sys/vm/dirty_expire_centisecs
            modprobe dm-log-writes
            dmsetup create recorder --table '0 {self._size} log-writes /dev/ubda /dev/ubdb'
            {tables}
            mkdir -p {setup['mail']} {setup['home']}
            {self.make} /dev/mapper/mail; {HOME[2]} /dev/mapper/home
            mount -t {self.mount[0]} -o '{self.mount[1]}' /dev/mapper/mail {setup['mail']}
            mount -t {HOME[3]} /dev/mapper/home {setup['home']}
            {self._python('workload.py', 'setup.json')}
            umount {setup['mail']} {setup['home']}
            for name in mail home recorder; do dmsetup remove --retry $name; done
            blockdev --flushbufs /dev/ubda; blockdev --flushbufs /dev/ubdb
            """, seconds=120)

    def _check(self, setup, recording, disk, chosen, setting):
        with open(self._slots, "r+b") as file:
            file.truncate(0)
            file.truncate(self._size * self._batch * 512)
            for number, cut in enumerate(chosen):
                disk.image(cut, file, number * self._size * 512)
        if os.environ.get("DEBUG"): print("images", self.name, time.monotonic(), flush=True)
        slots = [self._slot(number, cut, recording) for number, cut in enumerate(chosen)]
        self._write("setup.json", {**setup, "slots": slots})
        self._guest.run(f"blockdev --flushbufs /dev/ubdc; {self._python('check.py', 'setup.json', 'answers.json')}",
                        seconds=600)
        if os.environ.get("DEBUG"): print("checked", self.name, time.monotonic(), flush=True)
        with open(f"{self._guest.shared}/answers.json") as file:
            for cut, answer in zip(chosen, json.load(file)):
                self._tally.add(self.name, setting, cut, *answer)

    def _slot(self, number, cut, recording):
        told = [mark.split(":") for mark in recording.marks(cut.span)]
        return {"start": number * self._size, "variant": number % 3,
                **{word: [int(mark[1]) for mark in told if mark[0] == word] for word in ("done", "filled")}}

    def _write(self, name, value):
        with open(f"{self._guest.shared}/{name}", "w") as file:
            json.dump(value, file)

    def _python(self, program, *names):
        paths = " ".join(f"{self._guest.shared}/{name}" for name in names)
        return f"DM_DISABLE_UDEV=1 PYTHONPATH={TESTS} python3 {TESTS}/PowerCut/{program} {paths}"


def one(bed, tally, file_system, arguments):
    tool = file_system[2].split()[0]
    if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
        return tally.skip(file_system[0], f"there is no {tool}")
    started = time.monotonic()
    Round(bed, tally, file_system, arguments).run()
    print(f"{file_system[0]}: {time.monotonic() - started:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("--cuts", type=int, default=30, help="of each file system and setting")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of 'ext4, journal: power'")
    arguments = parser.parse_args()
    arguments.programs = os.path.realpath(arguments.programs)
    tally = Tally()
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as pool, Bed() as bed:  # the guests go first
            chosen = [system for system in FILE_SYSTEMS
                      if any(arguments.only in f"{system[0]}, {setting[0]}" for setting in SETTINGS)]
            for future in [pool.submit(one, bed, tally, system, arguments) for system in chosen]:
                future.result()
    except CannotStart as reason:
        tally.skip("everything", reason)
    except GuestError as error:
        tally.failed += 1
        print(f"FAILED {error}")
    tally.report()
    sys.exit(tally.failed > 0)


main()
