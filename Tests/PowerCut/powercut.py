"""What is on disk when the power goes, at many moments of many deliveries, and after the next delivery.

usage: powercut.py PROGRAMS [--cuts N] [--kills N] [--seed N] [--only TEXT]

Of each file system and setting: N cuts that are worked out from what the disk was told, and N by killing the machine.
With `journal: power` each must leave every message whole or not at all, none twice, and nothing else. With any setting
but `sync: false` a message that was promised must be there. What else the weaker settings lose is counted.
"""
import argparse
import collections
import concurrent.futures
import os
import shutil
import sys
import threading
import time

from Guests.guest import Bed, CannotStart, GuestError
from PowerCut.plan import FILE_SYSTEMS, SETTINGS
from PowerCut.round import Round

COLUMNS = {"cuts": 6, "partial before": 16, "partial after": 15, "lost": 6, "doubled": 9, "left": 6}


class Tally:
    """The figures of all file systems."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self._figures = collections.defaultdict(collections.Counter)
        self._lock = threading.Lock()

    def add(self, where, setting, cut, problems, figures, left):
        with self._lock:
            self._figures[where, setting].update(figures)
            self.passed += not problems
        if problems:
            self.fail(f"{where}, {setting}, cut {cut}: {'; '.join(problems)}")

    def fail(self, what):
        with self._lock:
            self.failed += 1
            print(f"FAILED {what}", flush=True)

    def skip(self, what, reason):
        with self._lock:
            self.skipped += 1
            print(f"skipped {what}: {reason}", flush=True)

    def report(self):
        print("\nIn how many of the cuts there were pieces of messages before and after the next delivery, messages that"
              "\nwere lost though promised, messages that were there twice, and files left behind:")
        print(" " * 32 + "".join(f"{name:>{width}}" for name, width in COLUMNS.items()))
        for (where, setting), figures in sorted(self._figures.items()):
            print(f"{where + ', ' + setting:32}" + "".join(f"{figures[name]:>{width}}" for name, width in COLUMNS.items()))
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")


def try_one(bed, tally, file_system, arguments):
    for tool in file_system.make.split()[0], "dmsetup":
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return tally.skip(file_system.name, f"there is no {tool}")
    started = time.monotonic()
    try:
        Round(bed, tally, file_system, arguments).run()
    except CannotStart as reason:
        tally.skip(file_system.name, reason)
    except GuestError as error:
        tally.fail(error)
    print(f"{file_system.name}: {time.monotonic() - started:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=os.path.realpath, help="the directory of the built programs")
    parser.add_argument("--cuts", type=int, default=24, help="of each file system and setting")
    parser.add_argument("--kills", type=int, default=2, help="the same")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of 'ext4, journal: power'")
    arguments = parser.parse_args()
    tally = Tally()
    systems = [system for system in FILE_SYSTEMS
               if any(arguments.only in f"{system.name}, {setting.name}" for setting in SETTINGS)]
    # The guests end before the threads that wait for them.
    with concurrent.futures.ThreadPoolExecutor(2) as pool, Bed() as bed:
        for future in [pool.submit(try_one, bed, tally, system, arguments) for system in systems]:
            future.result()
    tally.report()
    sys.exit(tally.failed > 0)


main()
