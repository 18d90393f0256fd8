"""What is done in which round: groups of scenarios, of which those in one group run at the same time.

A scenario is a name, a function that returns what is to be told of it, and its arguments after the site.
"""
from NFS import contention, late, replies, services
from NFS.site import VERSIONS

METHODS = "dotlock", "dotlock+fcntl", "fcntl", "flock"
MIXTURES = [("a:v3", "b:v3", "server"), ("a:v4.2", "b:v4.0", "server"), ("a:v3", "b:v4.2", "server")]


def contended(mixtures, methods, count):
    for places in mixtures:
        for method in methods:
            # NFS makes flock(2) of the clients a lock that flock(2) on the server does not see.
            where = places[:2] if method == "flock" else places
            name = f"contended {method} {' '.join(where)}"
            yield [(name, contention.contended, where, method, count)]


def cut_off(moments, versions):
    thieves = dict(zip(VERSIONS, ("b:v3", "server", "b:v4.2")))
    for moment in moments:
        yield [(f"cut off a:{version} at its {moment}, thief {thieves[version]}", late.cut_off, f"a:{version}", moment,
                thieves[version]) for version in versions]


def lost(requests, versions):
    """Each client loses another one at the same time."""
    for pair in zip(requests[::2], requests[1::2]):
        yield [(f"reply lost: {request} {client}:{version}", replies.sent_again, client, version, request, "server")
               for client, request in zip("ab", pair) for version in versions]


def rebooted(*pairs):
    for first, second in pairs:
        yield [(f"reply lost and server rebooted: {first} v3, {second} v4.2", replies.sent_again_after_reboot,
                [("a", "v3", first), ("b", "v4.2", second)])]


def full():
    yield from contended(MIXTURES[:1], METHODS, 6)
    yield from contended(MIXTURES[1:2], METHODS, 6)
    yield from contended(MIXTURES[2:], METHODS[1:], 6)
    yield [("maildir2mbox on both clients", contention.moved_maildirs, ("a:v3", "b:v4.2"), 10)]
    yield [("stress on both clients and the server", contention.stress, ("a:v3", "b:v4.2", "server"), 20)]
    yield from cut_off(list(late.MOMENTS), VERSIONS)
    yield [("cut off with a kernel lock", late.cut_off_with_kernel_lock, {"a:v4.2": ("b:v4.0", 0), "a:v3": ("b:v3", 75)})]
    yield [(f"stopped on {victim}, thief {thief}", late.stopped, victim, thief)
           for victim, thief in (("server", "a:v3"), ("a:v4.2", "server"), ("b:v3", "a:v4.0"))]
    yield [("crashed client", late.crashed, [("v3", "message", "b:v4.2"), ("v4.2", "journal", "b:v3"),
                                             ("v4.0", "lock", "server")])]
    yield [("killed deliveries", late.killed, "a:v4.2", "b:v3", 24)]
    yield from lost(list(replies.REQUESTS), VERSIONS)
    yield from rebooted(("RENAME of the lock", "RENAME of the lock"), ("REMOVE of the moved lock", "RENAME of the journal"),
                        ("LINK of the lock", "RMDIR of the permit"))
    yield [("clocks of the clients", services.skewed, ("a:v3", "b:v4.2", "server"), {"a": 7, "b": -5})]
    yield [("clock of the server", services.skewed, ("server", "a:v4.2", "b:v3"), {"server": -6})]
    yield [("server down", services.server_down, ("a:v3", "a:v4.2", "b:v4.0", "b:v3"), 8)]
    yield [("no lock service", services.no_lock_service)]


def soak():
    """For what goes wrong once in a thousand deliveries: a lock of the kernel's alone, for which the mailbox is opened
    before it is ours."""
    for _ in range(20):
        yield from contended(MIXTURES[1:2], ("fcntl", "flock"), 20)


def short():
    yield from contended(MIXTURES[2:], ("dotlock", "dotlock+fcntl"), 5)
    yield from cut_off(["message", "commit"], ("v3", "v4.2"))
    yield from lost(["LINK of the lock", "RENAME of the lock"], ("v3", "v4.2"))
    yield from rebooted(("RENAME of the lock", "LINK of the lock"))
    yield [("no lock service", services.no_lock_service)]


ROUNDS = {"full": full, "short": short, "soak": soak}
