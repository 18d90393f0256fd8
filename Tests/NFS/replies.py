"""Requests that are carried out and whose replies are lost, so that the client sends them again."""
from NFS.trial import Failed, Trial

OPTIONS = "-o method=dotlock -o wait.timeout=100s -o wait.longest=500ms -v"

# Each kind of request that takes or leaves a lock, or commits a delivery, and what comes before it; NFSv4 removes files
# and directories alike.
REQUESTS = {
    "MKDIR of the permit": [("MKDIR", "Mailbox.lock.steal")],
    "LINK of the lock": [("LINK", "Mailbox.lock")],
    "REMOVE of the post": [("REMOVE", "Mailbox.lock.")],
    "LINK of the journal": [("LINK", ".Mailbox.journal")],
    "RENAME of the journal": [("RENAME", ".Mailbox.journal")],
    "REMOVE of the moved journal": [("REMOVE", "released")],
    "RENAME of the lock": [("RENAME", "Mailbox.lock")],
    "REMOVE of the moved lock": [("RENAME", "Mailbox.lock"), ("REMOVE", "released")],
    "RMDIR of the permit": [("RENAME", "Mailbox.lock"), ("RMDIR", "Mailbox.lock.steal")],
    "RMDIR that revokes": [("RMDIR", "Mailbox.lock.steal")],
}
# After these nobody has the lock.
LAST = "RENAME of the lock", "REMOVE of the moved lock", "RMDIR of the permit"


def begin(site, name, client, version, request):
    trial = Trial(site, name)
    trial.deliver(f"{client}:{version}", 1, OPTIONS)
    trial.wait()
    steps = [("REMOVE" if version != "v3" and procedure == "RMDIR" else procedure, part)
             for procedure, part in REQUESTS[request]]
    lost = site.hub.lose_reply(client, version, *steps)
    victim = trial.deliver(f"{client}:{version}", 1, OPTIONS)
    return trial, victim, lost


def sent_again(site, name, client, version, request, other):
    """The connection breaks: the server knows the request when it comes again. Another delivery waits meanwhile."""
    trial, victim, lost = begin(site, name, client, version, request)
    try:
        lost.wait()
        trial.deliver(other, 1, OPTIONS)
    finally:
        lost.mend(reset=True)
    trial.wait(150)
    trial.expect(0, victim)
    trial.check()


def sent_again_after_reboot(site, name, requests):
    """The server goes down, too, and has forgotten what it did when the request comes again; and somebody on the server
    has the lock by then, if he can have it. Whatever is carried out twice must leave that one alone.

    requests: (client, version, request), for each client at most one.
    """
    begun = [begin(site, f"{name}-{request[0]}", *request) for request in requests]
    for _, _, lost in begun:
        lost.wait()
    cuts = [site.hub.cut(client) for client, _, _ in requests]
    site.server.crash()
    site.start_server_again()
    try:
        next_holders = [hold(trial) for trial, _, _ in begun]
    finally:
        for _, _, lost in begun:
            lost.mend()
        for mend in cuts:
            mend()
    said = []
    for (trial, victim, _), holder, request in zip(begun, next_holders, requests):
        if holder.wait(150).status != 0:
            raise Failed(f"{request}: the next holder: {holder.output}")
        if request[2] in LAST and "it had the lock" not in holder.output:
            raise Failed(f"{request}: nobody else could have the lock: {holder.output}")
        trial.wait(200)
        if trial.status(victim) != 0:
            # It cannot know whether what it asked for was done, and must say no.
            trial.uncertain.add(victim.names[0])
        job = trial.deliver("server", 1, OPTIONS)
        trial.wait()
        trial.expect(0, job)
        trial.check()
        said.append(f"{request[0]}:{request[1]}: status {trial.status(victim)}, {holder.output.splitlines()[-1]}")
    return "; ".join(said)


def hold(trial):
    """Takes the lock on the server, if nobody has it, and looks whether it stays."""
    mailbox = trial.mailbox("server")
    look = f"stat -c %i {mailbox}.lock"
    held = f'first=$({look}); tell held-{trial.name}; sleep 12; [ "$first" = "$({look})" ] && echo it had the lock'
    script = (f"dotlock -n {mailbox} sh -c '{held}'; status=$?\n"
              f"[ $status != 75 ] || {{ echo the lock is not free; tell held-{trial.name}; exit 0; }}; exit $status")
    job = trial.guest("server").start(script)
    trial.guest("server").wait_for(f"held-{trial.name}")
    return job
