"""One file system: a guest that delivers, and that mounts what the cuts have left."""
import json
import os
import random
import time

from PowerCut.plan import HOME, SECTORS, SETTINGS, steps
from PowerCut.recording import Disk, Recording, cuts

TESTS = os.path.realpath(os.path.join(os.path.dirname(__file__), ".."))
BATCH = 24
MAIL, HOME_DIRECTORY = "/mnt/mail", "/mnt/home"


class Round:
    def __init__(self, bed, tally, file_system, arguments):
        self._bed, self._tally, self._system, self._arguments = bed, tally, file_system, arguments
        self._size = file_system.sectors + HOME.sectors
        self._directory = f"{bed.directory}/{file_system.name}-disks"
        os.makedirs(self._directory)
        self._slots = self._disk("slots", self._size * BATCH)
        self._log = self._disk("log", 4096 * SECTORS)
        self._guest = bed.boot(
            file_system.name, disks=[self._disk("data", self._size), self._log, self._slots], memory=256)

    def run(self):
        for setting in SETTINGS:
            if self._arguments.only in f"{self._system.name}, {setting.name}":
                self._try_cuts(setting)
                if self._arguments.kills and setting.keeps:
                    self._try_kills(setting)

    def _disk(self, name, sectors):
        path = f"{self._directory}/{name}"
        with open(path, "wb") as file:
            file.truncate(sectors * 512)
        return path

    # Cuts that are worked out from one recording.

    def _try_cuts(self, setting):
        setup = self._setup(setting)
        self._record(setup)
        recording = Recording(self._log)
        disk = Disk(recording)
        chosen = cuts(recording, self._arguments.cuts, self._arguments.seed)
        for first in range(0, len(chosen), BATCH):
            batch = chosen[first:first + BATCH]
            with self._empty_slots() as file:
                for number, cut in enumerate(batch):
                    disk.image(cut, file, number * self._size * 512)
            self._check(setup, [(cut, recording.marks(cut.span)) for cut in batch])

    def _record(self, setup):
        self._guest.run(f"""set -e
            blockdev --flushbufs /dev/ubda; blockdev --flushbufs /dev/ubdb
            modprobe dm-log-writes
            export DM_DISABLE_UDEV=1  # there is no udev
            dmsetup create recorder --table '0 {self._size} log-writes /dev/ubda /dev/ubdb'
            {self._deliveries(self._guest, setup, '/dev/mapper/recorder', 'recorder')}
            umount {MAIL} {HOME_DIRECTORY}
            for name in mail home recorder; do dmsetup remove --retry $name; done
            blockdev --flushbufs /dev/ubda; blockdev --flushbufs /dev/ubdb
            """, seconds=300)

    # Cuts by a kill: what the guest has written is all on the disk, what it has not is not.

    def _try_kills(self, setting):
        setup, chance, slots = self._setup(setting), random.Random(self._arguments.seed), []
        with self._empty_slots() as file:
            for number in range(min(self._arguments.kills, BATCH)):
                step = chance.randrange(1, len(setup["steps"]))
                disk = self._disk("victim", self._size)
                marks = self._kill(setup, disk, step, chance.random() * 0.4)
                _copy(disk, file, number * self._size * 512)
                slots.append((f"kill in step {step}", marks))
        self._check(setup, slots)

    def _kill(self, setup, disk, step, pause):
        victim = self._bed.boot(f"{self._system.name}-victim", disks=[disk], memory=256)
        victim.start(f"set -e; export DM_DISABLE_UDEV=1; modprobe dm-mod\n"
                     + self._deliveries(victim, setup, "/dev/ubda", None))
        victim.wait_for(f"done:{step - 1}", 120)
        time.sleep(pause)
        victim.crash()
        return victim.told

    # In a guest.

    def _setup(self, setting):
        layout = [("mail", 0, self._system.sectors, self._system.kind, self._system.options),
                  ("home", self._system.sectors, HOME.sectors, HOME.kind, HOME.options)]
        maildirs = [f"{HOME_DIRECTORY}/Maildir", f"{MAIL}/Maildir"]
        return {"setting": setting.name, "options": setting.options, "holds": setting.holds, "keeps": setting.keeps,
                "mail": MAIL, "home": HOME_DIRECTORY, "layout": layout, "maildirs": maildirs, "device": "/dev/ubdc",
                "programs": self._arguments.programs, "seed": self._arguments.seed,
                "steps": steps(maildirs, self._arguments.seed)}

    def _deliveries(self, guest, setup, device, recorder):
        """A script: file systems, and all that is delivered to them."""
        tables = "\n".join(f"dmsetup create {name} --table '0 {sectors} linear {device} {start}'"
                           for name, start, sectors, *_ in setup["layout"])
        _write(guest, "setup.json", {**setup, "recorder": recorder})
        return f"""
            # Whatever is written is soon on its way to the disk, and not only when somebody syncs it.
            echo 5 >/proc/sys/vm/dirty_writeback_centisecs; echo 10 >/proc/sys/vm/dirty_expire_centisecs
            {tables}
            mkdir -p {MAIL} {HOME_DIRECTORY}
            {self._system.make} /dev/mapper/mail; {HOME.make} /dev/mapper/home
            mount -t {self._system.kind} -o '{self._system.options}' /dev/mapper/mail {MAIL}
            mount -t {HOME.kind} /dev/mapper/home {HOME_DIRECTORY}
            {_python(guest, 'workload.py', 'setup.json')}
            """

    def _empty_slots(self):
        file = open(self._slots, "r+b")
        file.truncate(0)
        file.truncate(self._size * BATCH * 512)
        return file

    def _check(self, setup, cuts):
        slots = []
        for number, (_, marks) in enumerate(cuts):
            told = [mark.split(":") for mark in marks]
            steps_told = {word: [int(mark[1]) for mark in told if mark[0] == word] for word in ("done", "filled")}
            slots.append({"start": number * self._size, "variant": number % 3, **steps_told})
        _write(self._guest, "setup.json", {**setup, "slots": slots})
        self._guest.run(f"blockdev --flushbufs /dev/ubdc; export DM_DISABLE_UDEV=1; modprobe dm-mod\n"
                        + _python(self._guest, "check.py", "setup.json", "answers.json"), seconds=600)
        with open(f"{self._guest.shared}/answers.json") as file:
            for (cut, _), answer in zip(cuts, json.load(file)):
                self._tally.add(self._system.name, setup["setting"], cut, *answer)


def _python(guest, program, *names):
    paths = " ".join(f"{guest.shared}/{name}" for name in names)
    return f"PYTHONPATH={TESTS} python3 {TESTS}/PowerCut/{program} {paths}"


def _write(guest, name, value):
    with open(f"{guest.shared}/{name}", "w") as file:
        json.dump(value, file)


def _copy(disk, file, offset):
    with open(disk, "rb") as source:
        for number in range(os.path.getsize(disk) >> 16):
            piece = source.read(1 << 16)
            if piece.count(0) != len(piece):
                file.seek(offset + (number << 16))
                file.write(piece)
