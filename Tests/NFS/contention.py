"""Deliveries that meet, from both clients and on the server itself."""
import json

from NFS.trial import Failed, Trial

# Everybody waits for his turn.
PATIENCE = "-o wait.timeout=150s -o wait.longest=500ms"


def probe(site, versions, clients="ab", deadline="20s"):
    """What `lockctl probe` says of each mount on these clients: the methods that it calls safe there."""
    site.server.run("mkdir -p -m 777 /export/probe")
    jobs = {}
    for client in clients:
        script = "".join(f"lockctl probe --json --deadline {deadline} /mnt/{version}/probe || exit\n" for version in versions)
        jobs[client] = site.guests[client].start(script)
    verdicts = {}
    for client, job in jobs.items():
        if job.wait(200).status != 0:
            raise Failed(f"lockctl probe: {job.output}")
        text = job.output
        for version in versions:
            answer, end = json.JSONDecoder().raw_decode(text)
            methods, text = answer["methods"], text[end:].lstrip()
            verdicts[f"{client}:{version}"] = [name for name, verdict in methods.items() if verdict["safe"]]
    return verdicts


def contended(site, name, places, method, count):
    """Two lines of deliveries from each place, all into one mailbox."""
    trial = Trial(site, name)
    for place in places:
        for _ in range(2):
            trial.deliver(place, count, f"{PATIENCE} -o method={method}")
    trial.wait(240)
    trial.expect_success()
    trial.check()


def moved_maildirs(site, name, places, count):
    """maildir2mbox on both clients, out of a maildir that they share, and deliveries on the server meanwhile."""
    trial = Trial(site, name)
    trial.deliver("server", count, PATIENCE)
    names = trial.fill_maildir("server", 2 * count)
    jobs = [trial.guest(place).start(f"cd {trial.directory(place)}; maildir2mbox {PATIENCE} Maildir Mailbox")
            for place in places]
    for job in jobs:
        if job.wait(120).status != 0:
            raise Failed(f"maildir2mbox: status {job.status}: {job.output}")
    trial.wait()
    trial.note_delivered(names)
    trial.check(leftovers={"Maildir"})


def stress(site, name, places, seconds):
    """Processes that are killed, stopped and robbed at random, on several machines at the same time."""
    trial = Trial(site, name)
    options = ("-o method=dotlock -o lease.length=4s -o lease.kill=100ms -o lease.warning=200ms -o steal.after=4s "
               "-o steal.observe=1s")
    jobs = [trial.guest(place).start(
        f"lockctl stress --json --workers 3 --seconds {seconds} {options} {trial.directory(place)}/File")
        for place in places]
    counts = {"holds": 0, "steals": 0, "kills": 0, "stops": 0}
    for job in jobs:
        # 75: so slow a machine that no lock was handed over before its holder was killed.
        if job.wait(seconds + 100).status not in (0, 75):
            raise Failed(f"lockctl stress: status {job.status}: {job.output}")
        result, _ = json.JSONDecoder().raw_decode(job.output)
        for key in counts:
            counts[key] += result[key]
    if counts["holds"] < 2:
        raise Failed(f"nobody got the lock: {jobs[0].output}")
    trial.check_directory()
    return ", ".join(f"{count} {key}" for key, count in counts.items())
