"""Postfix: local(8) with mailbox_command, and pipe(8)."""

import json

from server import Server, example

BASE = """
myhostname = mx.example.org
mydestination = $myhostname, $mydomain, localhost
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps = texthash:/etc/postfix/aliases
alias_database =
maillog_file = /var/log/postfix.log
"""


class Postfix(Server):
    packages = "postfix"
    fragments = ["postfix/main.cf"]
    services: list[str] = []

    def prepare(self) -> None:
        debian = self.machine.path("/usr/share/postfix")
        self.main = (debian / "main.cf.debian").read_text() + BASE
        self.machine.write("/etc/postfix/main.cf", self.main + "".join(example(name) for name in self.fragments))
        master = (debian / "master.cf.dist").read_text() + "".join(example(name) for name in self.services)
        self.machine.write("/etc/postfix/master.cf", master)
        self.machine.write("/etc/postfix/dynamicmaps.cf", (debian / "dynamicmaps.cf").read_text())
        self.machine.write("/etc/postfix/aliases", "postmaster: bob\n")
        self.machine.directory("/var/spool/postfix")
        self.machine.directory("/var/lib/postfix", owner="postfix")
        # Debian's init script fills a chroot for some of the daemons; ours do without.
        self.machine.check("postconf", "-F", "*/*/chroot = n")
        for name in ["postdrop", "postqueue"]:
            program = self.machine.path(f"/usr/sbin/{name}").read_bytes()
            self.machine.write(f"/usr/sbin/{name}", program, 0o2555, "root", "postdrop")
        self.machine.check("postfix", "check")

    def start(self) -> None:
        self.machine.daemon("/usr/sbin/postfix", "start-fg")

    def queue(self) -> dict[str, bool]:
        listed = self.machine.check("postqueue", "-j").splitlines()
        messages = [json.loads(line) for line in listed if line.startswith("{")]
        return {entry["queue_id"]: entry["queue_name"] == "deferred" for entry in messages}

    def retry(self) -> None:
        self.machine.check("postqueue", "-f")

    def complaints(self, fragment: str) -> str:
        folder = self.machine.directory("/tmp/postfix-check")
        (folder / "main.cf").write_text(self.main + fragment)
        (folder / "master.cf").write_text(self.machine.path("/etc/postfix/master.cf").read_text())
        said = self.machine.run("postconf", "-c", "/tmp/postfix-check", "-n").stdout.decode()
        wrong = [line for line in said.splitlines() if "warning:" in line or "fatal:" in line]
        return "\n".join(wrong) + self.machine.run("postfix", "-c", "/tmp/postfix-check", "check").stdout.decode()


class Local(Postfix):
    name = "postfix-local"


class Pipe(Postfix):
    """The mailboxes of people without accounts: all belong to one user."""
    name = "postfix-pipe"
    runs_as = owner = "vmail"
    fragments = ["postfix/virtual/main.cf"]
    services = ["postfix/virtual/master.cf"]
