"""Holders that are gone, and holders that come back too late: another host has their lock by then."""
import time

from NFS.trial import Failed, Trial

# Not shorter: a server calls back what it has lent to a host that does not answer for as long as that host's own lease
# lasts, which is ten seconds here.
HASTE = ("-o method=dotlock -o wait.timeout=100s -o wait.longest=500ms -o lease.length=12s -o lease.warning=2s "
         "-o steal.after=12s -o steal.observe=2s")
# Of a request that carries a part of a message, and not of one that fills a lock file.
PIECE = 4000

# Where in its delivery a client is cut off.
MOMENTS = {
    "when its lock is made": ("LINK", "Mailbox.lock", 0),
    "when its journal is made": ("LINK", ".Mailbox.journal", 0),
    "in the middle of its message": ("WRITE", "", PIECE),
    "in its commit": ("RENAME", ".Mailbox.journal", 0),
}


def begin(site, name, version, moment):
    """A delivery by the client a that hangs at that moment, and what mends its connection."""
    trial = Trial(site, name)
    trial.deliver(f"a:{version}", 1, HASTE)
    trial.wait()
    lost = site.hub.lose_reply("a", version, *MOMENTS[moment])
    victim = trial.deliver(f"a:{version}", 1, HASTE + " -v", size=150_000)
    lost.wait()
    return trial, victim, lost


def cut_off(site, name, version, moment, thief):
    """The lock is stolen, and the thief has delivered, when the first holder comes back."""
    trial, victim, lost = begin(site, name, version, moment)
    try:
        trial.deliver(thief, 2, HASTE + " -v").wait(150)
    finally:
        lost.mend()
    trial.wait(150)
    settle(trial, thief)
    status = trial.status(victim)
    if status == 0 and moment in ("when its journal is made", "in the middle of its message"):
        raise Failed(f"a late holder reports success: {victim.output}")
    # It cannot know whether its commit was carried out, and must say no.
    if status == 75 and moment == "in its commit":
        trial.uncertain.add(victim.names[0])
    trial.check()
    return f"status {status}"


def crashed(site, name, version, moment, thief):
    """The first holder's host is gone."""
    trial, victim, lost = begin(site, name, version, moment)
    site.a.crash()
    lost.mend()
    started = time.monotonic()
    trial.deliver(thief, 2, HASTE).wait(150)
    seconds = time.monotonic() - started
    trial.note(victim)
    for job in trial.jobs_of(thief):
        trial.note(job)
    trial.check()
    return f"delivered after {seconds:.0f} s"


def settle(trial, place):
    """One more delivery: it deals with what a holder that was late has left."""
    trial.deliver(place, 1, HASTE)
    trial.wait()


def killed(site, name, version, other, count):
    """Deliveries by a that are killed at any moment, while another place delivers and puts right what they leave."""
    trial = Trial(site, name)
    options = HASTE.replace("12s", "4s").replace("observe=2s", "observe=500ms").replace("warning=2s", "warning=1s")
    command = (f"timeout -s KILL 0.$((RANDOM % 5))$((RANDOM % 10)) mboxappend {options} {trial.mailbox(f'a:{version}')}")
    victim = trial.deliver(f"a:{version}", count, command=command, size=40_000)
    trial.deliver(other, count // 4, options)
    trial.wait(240)
    settle(trial, other)
    # Those of killed processes, as the manual says; a waiter's own file is cleared by lockctl list.
    trial.guest(other).run(f"sleep 5; lockctl list -o steal.after=4s {trial.directory(other)}")
    left = trial.names_left()
    trial.check(leftovers={name for name in left if name.startswith(".Mailbox.journal.a.")})
    return f"{count - trial.delivered(victim)} of {count} killed"
