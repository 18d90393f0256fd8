"""Real NFS: a server and two clients, three kernels, on which the programs of this package deliver.

usage: python3 -m NFS [short|full|soak] [--programs DIR] [--only TEXT]

Ends with `N passed, N failed, N skipped`; the status is 0 if nothing failed.
"""
import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from Guests.guest import CannotStart, GuestError
from NFS import contention
from NFS.rounds import ROUNDS
from NFS.site import VERSIONS, Site


class Report:
    """A line for each scenario, and the sum."""

    def __init__(self):
        self.started, self.counts = time.monotonic(), {"passed": 0, "failed": 0, "skipped": 0}

    def add(self, result, name, text=""):
        self.counts[result] += 1
        lines = str(text or "").strip().splitlines() or [""]
        print(f"{time.monotonic() - self.started:6.1f} s  {result:7}  {name}{': ' if lines[0] else ''}{lines[0]}")
        for line in lines[1:]:
            print(f"{'':19}{line}")
        sys.stdout.flush()

    def end(self):
        print(", ".join(f"{count} {result}" for result, count in self.counts.items()))
        return 1 if self.counts["failed"] else 0


def main():
    parser = argparse.ArgumentParser(prog="NFS")
    parser.add_argument("round", choices=ROUNDS, nargs="?", default="full")
    parser.add_argument("--programs", default=".build/release", help="where the programs are")
    parser.add_argument("--only", default="", help="a part of the names of the scenarios to run")
    arguments = parser.parse_args()
    groups = [[scenario for scenario in group if arguments.only in scenario[0]] for group in ROUNDS[arguments.round]()]
    report = Report()
    try:
        with Site(arguments.programs) as site:
            report.add("passed", "a server and two clients", f"each mounts {', '.join(VERSIONS)}")
            run(site, groups, report)
    except CannotStart as reason:
        report.add("skipped", f"{sum(map(len, groups))} scenarios", reason)
    except GuestError as failure:
        report.add("failed", "a server and two clients", failure)
    return report.end()


def run(site, groups, report):
    verdicts, stood = probe(site, report), {}
    # Not waited for when this is interrupted: they end when their guests do.
    threads = ThreadPoolExecutor(16)
    try:
        for number, group in enumerate(groups):
            running = [(scenario, threads.submit(scenario[1], site, f"{number}-{index}", *scenario[2:]))
                       for index, scenario in enumerate(group) if is_called_safe(scenario, verdicts, report)]
            for scenario, future in running:
                passed = settle(future, scenario[0], report)
                if scenario[1] is contention.contended:
                    stood[scenario[3]] = passed and stood.get(scenario[3], True)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    compare(verdicts, stood, report)


def settle(future, name, report):
    try:
        report.add("passed", name, future.result())
        return True
    except Exception as failure:  # whatever it is, the others go on
        report.add("failed", name, f"{type(failure).__name__}: {failure}")
        return False


def probe(site, report):
    """What lockctl probe calls safe on each mount."""
    try:
        verdicts = contention.probe(site, VERSIONS)
    except Exception as failure:
        report.add("failed", "lockctl probe", failure)
        return {}
    report.add("passed", "lockctl probe", "\n".join(f"{place}: {', '.join(safe)}" for place, safe in verdicts.items()))
    return verdicts


def is_called_safe(scenario, verdicts, report):
    """A method that lockctl probe does not call safe need not stand the contention."""
    if scenario[1] is not contention.contended:
        return True
    places, method = scenario[2:4]
    unsafe = [place for place in places
              if place in verdicts and not set(method.split("+")) <= set(verdicts[place])]
    if unsafe:
        report.add("skipped", scenario[0], f"lockctl probe calls it unsafe on {', '.join(unsafe)}")
    return not unsafe


def compare(verdicts, stood, report):
    """Whatever lockctl probe calls safe must have stood the contention, and what stands it everywhere is called safe."""
    wrong = {f"{method} is called safe, and is not" for method, passed in stood.items()
             if not passed and any(set(method.split("+")) <= set(safe) for safe in verdicts.values())}
    wrong |= {f"{method} is called unsafe on {place}" for place, safe in verdicts.items()
              for method in ("dotlock", "fcntl") if method not in safe}
    if wrong or not verdicts:
        report.add("failed", "lockctl probe's verdicts", "\n".join(sorted(wrong)) or "there are none")
    else:
        report.add("passed", "lockctl probe's verdicts", f"have stood the contention: {', '.join(stood) or 'none tried'}")


if __name__ == "__main__":
    sys.exit(main())
