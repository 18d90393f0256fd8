#!/usr/bin/env python3
"""Real mail servers deliver through the programs: `make mta`, or `run.py [--only WORDS] [--programs DIRECTORY]`.

Prints a line for each case and at the end `N passed, N failed, N skipped`; the status is 0 if nothing failed."""

import argparse
import os
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True

import cases
import checkers
import imap
import namespace
import packages
from cases import Bed
from machine import Machine
from programs import cron, dovecot, exim, mutt
from programs.caller import ProcmailByRoot
from programs.exim import Exim
from programs.fetchers import Fetchmail, Getmail
from programs.filters import Maildrop, Procmail
from programs.opensmtpd import OpenSMTPD
from programs.postfix import Local, Pipe
from programs.qmail import Qmail, QmailAlone
from server import REPOSITORY, NotOurs, Server

STORE = REPOSITORY / ".build/mta"
PROGRAMS = ["dotlock", "mboxappend", "maildir2mbox", "lockctl"]
SERVERS: list[type[Server]] = [
    Local, Pipe, Exim, OpenSMTPD, Procmail, ProcmailByRoot, Maildrop, Fetchmail, Getmail, Qmail, QmailAlone,
]
CASES = [cases.delivery, cases.missing, cases.busy, cases.typo, cases.rewriting]
# What one server is enough for.
ALSO = {
    "postfix-local": [(0o2775, mutt.reading), (0o1777, mutt.reading), (0o1777, mutt.locked_out), (0o1777, cron.jobs),
                      *[(spool, case) for spool in Local.spools for case in [dovecot.waits, dovecot.is_waited_for]]],
    "exim": [(0o2775, exim.beside), (0o1777, exim.beside)],
}


class Score:
    def __init__(self, only: list[str]):
        self.only = only
        self.passed = self.failed = self.skipped = 0

    def wants(self, name: str) -> bool:
        return all(word in name for word in self.only)

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
    parser.add_argument("--only", nargs="*", default=[], help="only cases whose names have all of these words")
    options = parser.parse_args()
    score = Score(options.only)
    try:
        # Before: inside there is no network.
        if os.geteuid() == 0:
            for name in packages.SETS:
                packages.unpacked(name, STORE)
        namespace.enter()
    except namespace.Unavailable as why:
        score.skip("everything", str(why))
        return score.end()
    except subprocess.CalledProcessError as failure:
        score.skip("everything", f"Debian's packages cannot be had: {failure.cmd[0]}: status {failure.returncode}")
        return score.end()
    place = namespace.folder(STORE / "place")
    layers = Layers(place, options.programs)
    for server in SERVERS:
        wanted = _wanted(server, score)
        if wanted:
            _serve(server, place, layers, wanted, score)
    return score.end()


def _wanted(server: type[Server], score: Score) -> list:
    """Names and functions of a bed, in their order."""
    found = []
    for spool, case in [(spool, case) for spool in server.spools for case in CASES] + ALSO.get(server.name, []):
        name = f"{server.name}, {spool:o}, {case.__name__}"
        found.append((name, lambda bed, spool=spool, case=case: (bed.clear(spool), case(bed))))
    for checker in checkers.ALL:
        if checker.server == server.name:
            found.append((f"{checker.name}, configuration", lambda bed, check=checker.check: check(bed.machine)))
        if checker.server == server.name and checker.exported:
            found.append((f"{checker.name}, export", lambda bed, check=checker.check_export: check(bed.machine)))
    return [(name, case) for name, case in found if score.wants(name)]


def _serve(kind, place: Path, layers: Layers, wanted: list, score: Score) -> None:
    try:
        machine = Machine(place / kind.name, layers.of(kind.packages))
    except subprocess.CalledProcessError as problem:
        return score.skip(kind.name, f"it cannot have a machine of its own: {problem}")
    server = kind(machine)
    try:
        server.prepare()
        imap.prepare(machine, server.owner, server.mailbox)
        imap.start(machine)
        server.start()
        bed = Bed(machine, server)
        for name, case in wanted:
            score.run(name, machine, case, bed)
    except Exception as problem:
        score.run(f"{kind.name}, starting", machine, _fail, problem)
    finally:
        server.stop()
    score.run(f"{kind.name}, stopping", machine, namespace.is_empty)


def _fail(problem: Exception) -> None:
    raise problem


if __name__ == "__main__":
    sys.exit(main())
