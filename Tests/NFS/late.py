"""Holders that are gone, and holders that come back too late: another host has their lock by then."""
import time

from NFS.trial import Failed, Trial

# Not shorter: a server calls back what it has lent to a host that does not answer for as long as that host's own lease
# lasts, which is ten seconds here.
HASTE = ("-o method=dotlock -o wait.timeout=100s -o wait.longest=500ms -o lease.length=12s -o lease.warning=2s "
         "-o steal.after=12s -o steal.observe=2s")
LINK_OF_JOURNAL = "LINK", ".Mailbox.journal"
# Where in its delivery a client is cut off: after requests like these.
MOMENTS = {
    "lock": [("LINK", "Mailbox.lock")],
    "journal": [LINK_OF_JOURNAL],
    "message": [LINK_OF_JOURNAL, ("WRITE", "")],
    "commit": [LINK_OF_JOURNAL, ("RENAME", ".Mailbox.journal")],
}


def begin(site, name, victim, moment, more=""):
    """A delivery that hangs at that moment, and what mends its connection."""
    trial = Trial(site, name)
    trial.deliver(victim, 1, HASTE + more)
    trial.wait()
    client, _, version = victim.partition(":")
    lost = site.hub.lose_reply(client, version, *MOMENTS[moment])
    # Written in several pieces.
    job = trial.deliver(victim, 1, f"{HASTE} -v {more}", size=150_000)
    lost.wait()
    return trial, job, lost


def cut_off(site, name, victim, moment, thief):
    """The lock is stolen, and the thief has delivered, when the first holder comes back."""
    trial, late, lost = begin(site, name, victim, moment)
    try:
        thieves = trial.deliver(thief, 2, HASTE + " -v").wait(150)
    finally:
        lost.mend()
    trial.wait(150)
    trial.expect_all(0, thieves)
    settle(trial, thief)
    status = trial.status(late)
    if status == 0 and moment in ("journal", "message"):
        raise Failed(f"a late holder reports success: {late.output}")
    # It cannot know whether its commit was carried out, and must say no.
    if status == 75 and moment == "commit":
        trial.uncertain.add(late.names[0])
    trial.check()
    return f"comes back with status {status}"


def cut_off_with_kernel_lock(site, name, thieves):
    """A server that keeps the kernel lock of a client which is cut off, as by NFSv3, keeps its lock file, too.

    thieves: for each victim the thief, and how that one's delivery ends.
    """
    both = " -o method=dotlock+fcntl -o wait.timeout=20s"
    begun = [begin(site, f"{name}-{victim.partition(':')[2]}", victim, "message", both) for victim in thieves]
    # They are on one host, whose cable is not cut: each has lost its own connection.
    try:
        tries = [trial.deliver(thief, 1, HASTE + both) for (trial, _, _), (thief, _) in zip(begun, thieves.values())]
        for job in tries:
            job.wait(150)
    finally:
        for _, _, lost in begun:
            lost.mend()
    for (trial, late, _), job, (thief, wanted) in zip(begun, tries, thieves.values()):
        trial.wait(150)
        trial.expect(wanted, job)
        trial.expect(75, late)
        settle(trial, thief, both)
        trial.check()


def crashed(site, name, deaths):
    """The host of the first holders is gone.

    deaths: (version, moment, thief), one for each version.
    """
    begun = [begin(site, f"{name}-{version}", f"a:{version}", moment) for version, moment, _ in deaths]
    site.a.crash()
    started = time.monotonic()
    thieves = [trial.deliver(thief, 2, HASTE) for (trial, _, _), (_, _, thief) in zip(begun, deaths)]
    for (trial, victim, lost), thief in zip(begun, thieves):
        lost.mend()
        thief.wait(150)
        trial.note(victim)
        trial.note(thief)
        trial.expect_all(0, thief)
    seconds = time.monotonic() - started
    site.start_client_again("a")
    for (trial, _, _), (version, _, _) in zip(begun, deaths):
        job = trial.deliver(f"a:{version}", 1, HASTE)
        job.wait()
        trial.note(job)
        trial.expect(0, job)
        check_after_kills(trial, "server", 12)
    return f"delivered after {seconds:.0f} s"


def stopped(site, name, victim, thief):
    """A holder is stopped until its lock is stolen, and the program that it runs goes on."""
    trial = Trial(site, name)
    box = trial.mailbox(victim)
    command = (f"dotlock {HASTE} {box} sh -c 'kill -STOP $PPID; sleep 25; mboxappend {box}; status=$?; "
               f"kill -CONT $PPID; exit $status'")
    late = trial.deliver(victim, 1, command=command)
    trial.guest(victim).run(f"until [ -e {box}.lock ]; do sleep 0.2; done")
    thieves = trial.deliver(thief, 2, HASTE)
    trial.wait(150)
    trial.expect(75, late)
    trial.expect_all(0, thieves)
    settle(trial, thief)
    trial.check()


def check_after_kills(trial, place, seconds):
    """What the killed may leave, by the manual: posts, which lockctl list clears when they are old enough, and files that
    were to become journals."""
    trial.guest(place).run(f"sleep {seconds + 2}; lockctl list -o steal.after={seconds}s {trial.directory(place)}")
    trial.check(leftovers={name for name in trial.names_left() if name.startswith(".Mailbox.journal.")})


def settle(trial, place, more=""):
    """One more delivery: it deals with what a holder that was late has left."""
    job = trial.deliver(place, 1, HASTE + more)
    trial.wait()
    trial.expect(0, job)


def killed(site, name, victim, other, count):
    """Deliveries that are killed at any moment, while another place delivers and puts right what they leave."""
    trial = Trial(site, name)
    options = HASTE.replace("12s", "4s").replace("observe=2s", "observe=500ms").replace("warning=2s", "warning=1s")
    command = f"timeout -s KILL 0.$((RANDOM % 10))$((RANDOM % 10)) mboxappend {options} {trial.mailbox(victim)}"
    job = trial.deliver(victim, count, command=command, size=40_000)
    trial.deliver(other, count // 4, options)
    trial.wait(240)
    settle(trial, other)
    check_after_kills(trial, other, 4)
    return f"{count - trial.delivered(job)} of {count} killed"
