"""What one mail server takes for its machine: this one's files under Debian's packages under a layer of its own, so that
every program and every configuration file is where it belongs and nothing of this machine is changed."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from namespace import HOST, mount

DOMAIN = "example.org"
# Accounts of the bench. The recipient, the sender (where a bounce would go), and whom the packages' scripts would make.
PEOPLE = {"ann": 61101, "bob": 61102}
SERVICES = {
    "vmail": 61201, "postfix": 61202, "postdrop": 61203, "Debian-exim": 61204, "opensmtpd": 61205, "opensmtpq": 61206,
    "dovecot": 61207, "dovenull": 61208, "crontab": 61209,
}


class Machine:
    def __init__(self, place: Path, layers: list[Path]):
        self.place = place
        self.root = place / "root"
        self.daemons: list[subprocess.Popen] = []
        for name in ["root", "upper", "work", "spool", "home"]:
            (place / name).mkdir(parents=True)
        lower = ":".join(str(layer) for layer in [*layers, Path("/")])
        options = f"lowerdir={lower},upperdir={place / 'upper'},workdir={place / 'work'}"
        mount("-t", "overlay", "-o", options, "overlay", str(self.root))
        self._mount_the_rest()
        self._write_accounts()
        self._write_network()

    # --- Files

    def path(self, inside: str) -> Path:
        """A path of that machine, as seen from here. Symbolic links on the way to it must be relative."""
        return self.root / inside.lstrip("/")

    def write(self, inside: str, text: str | bytes, mode: int = 0o644, owner: str = "root", group: str | None = None) -> None:
        file = self.path(inside)
        file.parent.mkdir(parents=True, exist_ok=True)
        # A new file, because what is there may be a symbolic link out of this machine.
        file.unlink(missing_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        os.chown(file, self.number(owner), self.number(group or owner))
        file.chmod(mode)

    def directory(self, inside: str, mode: int = 0o755, owner: str = "root", group: str | None = None) -> Path:
        """An empty one, whatever this machine has there."""
        place = self.path(inside)
        if place.exists():
            shutil.rmtree(place)
        place.mkdir(parents=True)
        os.chown(place, self.number(owner), self.number(group or owner))
        place.chmod(mode)
        return place

    def number(self, name: str) -> int:
        """Of an account, and of its group: they are the same here."""
        return {"root": 0, "mail": 8, **PEOPLE, **SERVICES}[name]

    # --- Programs

    def command(self, arguments: list[str], user: str = "root") -> list[str]:
        return ["chroot", f"--userspec={user}", str(self.root), *arguments]

    def run(self, *arguments: str, user: str = "root", input: bytes = b"") -> subprocess.CompletedProcess:
        """Runs a program to its end, with its output, as bytes, in the result."""
        return subprocess.run(
            self.command(list(arguments), user), env=self.environment(user), input=input, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=120)

    def check(self, *arguments: str, user: str = "root", input: bytes = b"") -> str:
        """The same for a program that must not fail."""
        result = self.run(*arguments, user=user, input=input)
        if result.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)}: status {result.returncode}: {result.stdout.decode(errors='replace')}")
        return result.stdout.decode(errors="replace")

    def daemon(self, *arguments: str, **options) -> subprocess.Popen:
        """Starts a program that stays in the foreground. What it says is in LOG of the machine's folder."""
        with open(self.place / "log", "ab") as log:
            process = subprocess.Popen(
                self.command(list(arguments)), env=self.environment("root"), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, **options)
        self.daemons.append(process)
        return process

    def logs(self) -> str:
        """The ends of all logs."""
        files = [self.place / "log", *(self.place / "upper/var/log").rglob("*")]
        texts = {file: file.read_text(errors="replace").splitlines()[-6:] for file in files if file.is_file()}
        return "\n".join(f"  {file.name}: {line}" for file, lines in texts.items() for line in lines)

    def end(self, process: subprocess.Popen) -> None:
        """Ends one of our own, by its number."""
        self.daemons.remove(process)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def end_all(self) -> None:
        for process in reversed(self.daemons[:]):
            self.end(process)

    def environment(self, user: str) -> dict[str, str]:
        home = "/root" if user == "root" else f"/home/{user}"
        return {
            "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home, "LOGNAME": user, "USER": user,
            "SHELL": "/bin/sh", "LC_ALL": "C.UTF-8", "TERM": "xterm",
        }

    # --- Making it

    def _mount_the_rest(self) -> None:
        for name in ["run", "tmp"]:
            (self.root / name).mkdir(exist_ok=True)
            mount("-t", "tmpfs", "tmpfs", str(self.root / name))
        self.path("/tmp").chmod(0o1777)
        self.path("/run/lock").mkdir()
        mount("--bind", "/proc", str(self.root / "proc"))
        # Devices without /dev/log: what the servers say is none of this machine's log's business.
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(self.root / "dev"))
        for name in ["null", "zero", "full", "random", "urandom", "tty", "ptmx"]:
            (self.root / "dev" / name).touch()
            mount("--bind", f"/dev/{name}", str(self.root / "dev" / name))
        (self.root / "dev/pts").mkdir()
        mount("--rbind", "/dev/pts", str(self.root / "dev/pts"))
        for name, target in [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")]:
            (self.root / "dev" / name).symlink_to(target)
        # Not on the overlay: a union of file systems is one of those where the network rules hold.
        for inside, own in [("var/mail", "spool"), ("home", "home")]:
            (self.root / inside).mkdir(parents=True, exist_ok=True)
            mount("--bind", str(self.place / own), str(self.root / inside))

    def _write_accounts(self) -> None:
        masters = self.path("/usr/share/base-passwd")
        users, groups = (masters / "passwd.master").read_text(), (masters / "group.master").read_text()
        for name, number in SERVICES.items():
            users += f"{name}:*:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
            groups += f"{name}:*:{number}:\n"
        for name, number in PEOPLE.items():
            users += f"{name}:*:{number}:{number}:{name.title()}:/home/{name}:/bin/sh\n"
            groups += f"{name}:*:{number}:\n"
        self.write("/etc/passwd", users)
        self.write("/etc/group", groups)
        self.write("/etc/shadow", "".join(f"{line.split(':')[0]}:*:19000::::::\n" for line in users.splitlines()), 0o640)
        self.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
        for name in PEOPLE:
            self.directory(f"/home/{name}", 0o750, name)

    def _write_network(self) -> None:
        self.write("/etc/hosts", f"127.0.0.1 localhost {HOST} {HOST.split('.')[0]}\n")
        self.write("/etc/hostname", f"{HOST}\n")
        self.write("/etc/mailname", f"{DOMAIN}\n")
        self.write("/etc/resolv.conf", "")
        self.write("/etc/aliases", "postmaster: bob\nmailer-daemon: bob\n")


def wait_for(what: str, condition, seconds: float = 30):
    """What the condition answers, as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{seconds:.0f} s without {what}")
        time.sleep(0.05)
    return answer
