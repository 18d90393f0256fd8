"""What is tried: file systems, settings, and what is delivered."""
import random

SECTORS = 2048  # of a megabyte


class FileSystem:
    def __init__(self, name, megabytes, make, kind, options=""):
        self.name, self.sectors, self.make, self.kind, self.options = name, megabytes * SECTORS, make, kind, options


_EXT4 = "mkfs.ext4 -q -F -E nodiscard,lazy_itable_init=0"

FILE_SYSTEMS = [
    FileSystem("ext4", 48, _EXT4, "ext4"),
    FileSystem("xfs", 300, "mkfs.xfs -q -f -K -l size=64m", "xfs", "nouuid"),
    FileSystem("btrfs", 128, "mkfs.btrfs -q -f -K", "btrfs", "nodiscard"),
    FileSystem("ext4-writeback", 48, _EXT4, "ext4", "data=writeback"),
]
# A maildir is often on another disk than the mailbox.
HOME = FILE_SYSTEMS[0]


class Setting:
    """`holds`: nothing is left or doubled; `keeps`: what was promised is there."""

    def __init__(self, name, options, holds=False, keeps=True):
        self.name, self.options, self.holds, self.keeps = name, options, holds, keeps


SETTINGS = [
    Setting("journal: power", ["mailbox.journal=power"], holds=True),
    Setting("journal: auto", ["mailbox.journal=auto"]),
    Setting("journal: off", ["mailbox.journal=off", "steal.fence=none"]),
    Setting("sync: false", ["mailbox.sync=false"], keeps=False),
]


def steps(maildirs, seed):
    """Small and large mail, some of which is not kept in memory, and maildirs."""
    chance = random.Random(seed)
    plan = []
    for number in range(24):
        kind = "move" if number % 4 == 3 else "deliver"
        sizes = [chance.choice([300, 3000, 30000, 200000]) for _ in range(5 if kind == "move" else 1)]
        if number % 8 == 5:
            sizes = [5 << 20]
        plan.append({"kind": kind, "mailbox": "Mailbox", "maildir": maildirs[number // 4 % 2],
                     "messages": [(f"m{number}.{part}", size) for part, size in enumerate(sizes)]})
    return plan
