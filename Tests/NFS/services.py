"""Clocks that differ, a server that goes down, a lock service that does not answer."""
import time

from NFS import contention, rpc
from NFS.contention import PATIENCE
from NFS.late import HASTE
from NFS.trial import Failed, Trial

LOCK_SERVICE = 100021


def skewed(site, name, places, skews):
    """Clocks that are wrong by minutes: nobody robs anybody because of that, and what is stale is stolen."""
    try:
        for guest, skew in skews.items():
            site.guests[guest].run(f"date -s '{skew} minutes'")
        trial = Trial(site, name)
        for place in places:
            # Whoever is robbed finds that out, and fails.
            trial.deliver(place, 8, PATIENCE)
        trial.wait(150)
        trial.expect_success()
        for victim, thief in zip(places, places[1:]):
            steal(trial, victim, thief)
        trial.check()
    finally:
        for guest, skew in skews.items():
            site.guests[guest].run(f"date -s '{-skew} minutes'")


def steal(trial, victim, thief):
    """A program's lock is left behind, and taken not before it is old enough."""
    trial.guest(victim).run(
        f"dotlock {HASTE} {trial.mailbox(victim)} sh -c 'kill -9 $PPID'; [ -e {trial.mailbox(victim)}.lock ]")
    started = time.monotonic()
    job = trial.deliver(thief, 1, HASTE)
    trial.wait()
    trial.expect(0, job)
    if (seconds := time.monotonic() - started) < 10:
        raise Failed(f"{thief} has stolen the lock of {victim} after {seconds:.0f} s")


def server_down(site, name, places, count):
    """The server crashes and comes back in the middle of deliveries."""
    trial = Trial(site, name)
    for place in places:
        trial.deliver(place, count, PATIENCE)
    time.sleep(3)
    site.server.crash()
    site.start_server_again()
    trial.wait(200)
    last = trial.deliver("server", 1, PATIENCE)
    trial.wait()
    trial.expect(0, last)
    for job in trial.jobs()[:-1]:
        for number, delivery in enumerate(job.names):
            if trial.status(job, number) != 0:
                trial.uncertain.add(delivery)
    trial.check()
    return f"statuses {dict(trial.statuses())}"


def no_lock_service(site, name):
    """Nobody answers for the locks of NFSv3: a delivery that wants one gives up in time, and leaves nothing."""
    trial = Trial(site, name)
    trial.deliver("a:v3", 1, "-o method=fcntl")
    trial.wait()
    mend = site.hub.add(lambda source, destination, frame: rpc.asks(frame, LOCK_SERVICE))
    started = time.monotonic()
    try:
        jobs = [trial.deliver("a:v3", 1, f"-o method={method} -o wait.timeout=5s") for method in ("fcntl", "flock")]
        job = trial.deliver("a:v3", 1, "-o method=dotlock+fcntl -o wait.timeout=5s")
        for job in [*jobs, job]:
            job.wait(60)
        seconds = time.monotonic() - started
        verdicts = contention.probe(site, ["v3"], clients="a", deadline="3s")["a:v3"]
    finally:
        mend()
    if verdicts != ["dotlock"]:
        raise Failed(f"lockctl probe calls safe: {verdicts}")
    trial.wait()
    for job in trial.jobs()[1:]:
        trial.expect(75, job)
    trial.deliver("a:v3", 1, "-o method=fcntl -o wait.timeout=60s")
    trial.wait()
    trial.expect(0, trial.jobs()[-1])
    trial.check()
    return f"given up after {seconds:.0f} s"
