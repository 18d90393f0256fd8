"""Guests: User-Mode-Linux machines, each with a kernel and caches of its own, without root and without KVM.

    from Guests.guest import Bed

    with Bed() as bed:                              # ends every guest, whatever happens
        disk = bed.disk("mail", megabytes=64)       # an ext4 image; the first disk is /dev/ubda in the guest
        guest = bed.boot("victim", disks=[disk])
        guest.run("mkdir /mnt/mail && mount /dev/ubda /mnt/mail")
        job = guest.start("deliver-for-ever /mnt/mail/Mailbox")      # goes on meanwhile
        guest.wait_for("delivered 3")               # the script said: tell delivered 3
        guest.crash()                               # SIGKILL: a power cut; the guest's page cache is gone
        guest = bed.boot("victim", disks=[disk])    # the same disk again, its journal not yet replayed
        print(guest.run("mount /dev/ubda /mnt; cat /mnt/Mailbox").output)

Run it with PYTHONPATH=Tests. A guest boots in two or three seconds and takes about 60 MB.

* A guest's root is the host's, so every file and program of the host, the build directory too, is there at the same
  path; what it changes, it changes in its own memory. /run, /mnt and /dev/shm are empty.
* `guest.shared`, the same path on both sides, is the host's directory: what a script writes there (and syncs) the
  host reads. A script's own output needs no such care.
* Scripts are run by bash as root and may run at the same time. `run` waits, and fails unless the status is 0
  (`check=False`); `start` returns a Job: `job.wait(seconds)`, `job.status`, `job.output`.
* A guest has one processor, and a system call costs about 150 microseconds.
* What a guest has written to its disk is on its disk: there is no write cache behind it that loses its order.

`CannotStart` tells that this machine cannot run guests, and why; then a test is skipped, not passed.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from Guests.packages import CannotStart, unpacked

HERE = os.path.dirname(os.path.realpath(__file__))


class GuestError(Exception):
    """A guest did not do what it was told to."""


class Job:
    """A script that runs, or has run, in a guest."""

    def __init__(self, guest, name):
        self.status = None
        self._guest, self._name, self._done = guest, name, threading.Event()

    @property
    def output(self):
        with open(f"{self._guest.shared}/{self._name}.out", errors="replace") as file:
            return file.read().strip()

    @property
    def running(self):
        return not self._done.is_set()

    def wait(self, seconds=60):
        if not self._done.wait(seconds):
            raise GuestError(f"{self._guest.name}: still running after {seconds} s: {self._script}")
        if self.status is None:
            raise GuestError(f"{self._guest.name}: went down under: {self._script}")
        return self

    @property
    def _script(self):
        with open(f"{self._guest.shared}/{self._name}.sh") as file:
            return file.read().strip()

    def _end(self, status):
        self.status = status
        self._done.set()


class Guest:
    """A machine that runs, from `Bed.boot`."""

    def __init__(self, name, shared, log, disks, cable, memory):
        self.name, self.shared = name, shared
        self._jobs, self._told, self._down, self._changed = {}, [], False, threading.Condition()
        self._line, theirs = socket.socketpair()
        os.makedirs(shared, exist_ok=True)
        with theirs, open(log, "ab") as output:
            self._process = subprocess.Popen(
                _command(name, shared, theirs.fileno(), disks, cable, memory), stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
                pass_fds=[theirs.fileno()] + ([cable.socket.fileno()] if cable else []),
                # Its memory is a file in TMPDIR, its control socket a directory in HOME.
                env={"PATH": "/usr/bin:/bin", "HOME": shared, "TMPDIR": os.environ.get("TMPDIR", "/tmp")})
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._log = log

    def _listen(self):
        with self._line.makefile(errors="replace") as lines:
            for line in lines:
                word, _, rest = line.strip().partition(" ")
                with self._changed:
                    if word == "done":
                        name, status = rest.split()
                        self._jobs.pop(name)._end(int(status))
                    else:
                        self._told.append(rest if word == "told" else word)
                    self._changed.notify_all()
        with self._changed:  # it went down
            self._down = True
            for job in self._jobs.values():
                job._end(None)
            self._changed.notify_all()

    def wait_for(self, word, seconds=60):
        """Waits until a script has said `tell WORD`."""
        with self._changed:
            self._changed.wait_for(lambda: word in self._told or self._down, seconds)
            if word not in self._told:
                raise GuestError(f"{self.name}: not told within {seconds} s: {word}; see {self._log}")

    @property
    def told(self):
        """What scripts have said so far."""
        with self._changed:
            return list(self._told)

    def start(self, script):
        with self._changed:
            name = f"{self._process.pid}-{len(os.listdir(self.shared))}"
            with open(f"{self.shared}/{name}.sh", "w") as file:
                file.write(script)
            job = self._jobs[name] = Job(self, name)
            self._line.sendall(name.encode() + b"\n")
        return job

    def run(self, script, seconds=60, check=True):
        job = self.start(script).wait(seconds)
        if check and job.status != 0:
            raise GuestError(f"{self.name}: status {job.status}: {script.strip()}\n{job.output}")
        return job

    def pause(self):
        """Stops the whole machine, its clock too."""
        os.kill(self._process.pid, signal.SIGSTOP)  # the kernel's process alone: it traces all others

    def resume(self):
        os.kill(self._process.pid, signal.SIGCONT)

    def crash(self):
        """The machine is gone at once: nothing is flushed, closed or unlocked, and nobody is told."""
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # its user processes are processes of the host, too
            self._process.wait()
            self._line.shutdown(socket.SHUT_RDWR)
            self._listener.join()
            self._line.close()


class Bed:
    """All guests of a bench and their files."""

    def __init__(self):
        self._guests, self._is_over = [], False

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="guests.")
        for number in signal.SIGTERM, signal.SIGHUP:
            signal.signal(number, _leave)
        return self

    def __exit__(self, *_):
        self._is_over = True
        for guest in self._guests:
            guest.crash()
        shutil.rmtree(self.directory, ignore_errors=True)

    def disk(self, name, megabytes=64, options=()):
        path = f"{self.directory}/{name}.ext4"
        with open(path, "wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run(["/sbin/mkfs.ext4", "-q", "-F", *options, path], check=True)
        return path

    def boot(self, *arguments, **options):
        """A guest that is ready for scripts."""
        guest = self.power_on(*arguments, **options)
        self.wait_for_boot(guest)
        return guest

    def power_on(self, name, disks=(), cable=None, memory=128):
        """A guest that boots: several may boot at the same time."""
        if self._is_over:  # a thread of the bench has not noticed
            raise GuestError(f"{name}: the bed is over")
        guest = Guest(name, f"{self.directory}/{name}", f"{self.directory}/{name}.log", disks, cable, memory)
        self._guests.append(guest)
        return guest

    def wait_for_boot(self, guest):
        try:
            guest.wait_for("ready")
        except GuestError as error:
            with open(guest._log, errors="replace") as log:
                said = log.read().strip().splitlines()
            raise CannotStart(f"{guest.name} does not boot: {said[-1] if said else 'it says nothing'}") from error


def _leave(number, _):
    """SIGTERM and SIGHUP end a bench as ^C does: with its guests."""
    sys.exit(128 + number)


def _command(name, shared, line, disks, cable, memory):
    packages = unpacked()
    modules = f"{packages}/usr/lib/uml/modules"
    modules += "/" + os.listdir(modules)[0]
    command = [f"{packages}/usr/bin/linux.uml", f"mem={memory}M", "quiet", "con=null", "con0=null,fd:1", "ssl=null",
               f"ssl0=fd:{line},fd:{line}", f"umid={name}", "root=/dev/root", "rootfstype=hostfs", "rootflags=/",
               "ro", "init=/bin/bash", f"NAME={name}", f"PACKAGES={packages}", f"MODULES={modules}",
               f"SHARED={shared}"]
    command += [f"ubd{number}={path}" for number, path in enumerate(disks)]
    if cable:
        command += [f"vec0:transport=fd,fd={cable.socket.fileno()},depth=128,mac={cable.mac}",
                    f"ADDRESS={cable.address}"]
    return command + ["--", f"{HERE}/boot.sh"]
