#!/usr/bin/env python3
"""Real mail servers deliver through the programs: `make mta`, or `run.py [--only WORDS] [--programs DIRECTORY]`.

Prints a line for each case and at the end `N passed, N failed, N skipped`; the status is 0 if nothing failed."""

import argparse
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True

import cases
import imap
import namespace
import packages
from cases import Bed
from machine import Machine
from programs.exim import Exim
from programs.fetchers import Fetchmail, Getmail
from programs.filters import Maildrop, Procmail
from programs.opensmtpd import OpenSMTPD
from programs.postfix import Local, Pipe
from programs.qmail import Qmail, QmailAlone
from server import REPOSITORY, NotOurs, Server

STORE = REPOSITORY / ".build/mta"
PROGRAMS = ["dotlock", "mboxappend", "maildir2mbox", "lockctl"]
SERVERS: list[type[Server]] = [Local, Pipe, Exim, OpenSMTPD, Procmail, Maildrop, Fetchmail, Getmail, Qmail, QmailAlone]
CASES = [cases.delivery, cases.busy, cases.typo, cases.rewriting]


class Score:
    def __init__(self, only: list[str]):
        self.only = only
        self.passed = self.failed = self.skipped = 0

    def wants(self, *words: str) -> bool:
        return all(any(only in word for word in words) for only in self.only)

    def run(self, name: str, machine: Machine, case, *arguments) -> None:
        began = time.monotonic()
        try:
            case(*arguments)
        except NotOurs as why:
            self.skip(name, str(why))
        except Exception as problem:
            self.failed += 1
            where = traceback.extract_tb(problem.__traceback__)[-1]
            print(f"FAILED   {name}: {type(problem).__name__}: {problem} ({Path(where.filename).name}:{where.lineno})")
            print(machine.logs(), flush=True)
        else:
            self.passed += 1
            print(f"passed   {name} ({time.monotonic() - began:.1f} s)", flush=True)

    def skip(self, name: str, why: str) -> None:
        self.skipped += 1
        print(f"skipped  {name}: {why}", flush=True)

    def end(self) -> int:
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed else 0


class Layers:
    """The packages' trees, and one with our programs where they are installed by default. They are copied to PLACE:
    a layer must not lie within the one under it."""

    def __init__(self, place: Path, programs: Path):
        self.place = place / "layers"
        folder = self.place / "programs/usr/local/bin"
        folder.mkdir(parents=True)
        for name in PROGRAMS:
            shutil.copy(programs / name, folder)
        for name in packages.SETS:
            subprocess.run(["cp", "-a", str(STORE / name), str(self.place / name)], check=True)

    def of(self, name: str) -> list[Path]:
        return [self.place / layer for layer in dict.fromkeys(["programs", name, "common"])]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=Path, default=REPOSITORY / ".build/release")
    parser.add_argument("--only", nargs="*", default=[], help="cases whose server, spool and name match all of these")
    options = parser.parse_args()
    score = Score(options.only)
    try:
        # Inside there is no network.
        namespace.enter(before=lambda: [packages.unpacked(name, STORE) for name in packages.SETS])
    except namespace.Unavailable as why:
        score.skip("everything", str(why))
        return score.end()
    place = namespace.folder(STORE / "place")
    layers = Layers(place, options.programs)
    for server in SERVERS:
        wanted = [(spool, case) for spool in server.spools for case in CASES if score.wants(server.name, f"{spool:o}", case.__name__)]
        if wanted:
            _serve(server, place, layers, wanted, score)
    return score.end()


def _serve(kind, place: Path, layers: Layers, wanted: list, score: Score) -> None:
    machine = Machine(place / kind.name, layers.of(kind.packages))
    server = kind(machine)
    try:
        server.prepare()
        imap.prepare(machine, server.owner, server.mailbox)
        imap.start(machine)
        server.start()
        bed = Bed(machine, server)
        for spool, case in wanted:
            bed.clear(spool)
            score.run(f"{kind.name}, {spool:o}, {case.__name__}", machine, case, bed)
    except Exception as problem:
        score.run(f"{kind.name}, starting", machine, _fail, problem)
    finally:
        server.stop()


def _fail(problem: Exception) -> None:
    raise problem


if __name__ == "__main__":
    sys.exit(main())
