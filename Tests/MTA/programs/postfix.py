"""Postfix: local(8) with mailbox_command, and pipe(8)."""

import json
import re

from machine import Machine, wait_for
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
        main = (debian / "main.cf.debian").read_text() + BASE + "".join(example(name) for name in self.fragments)
        self.machine.write("/etc/postfix/main.cf", main)
        master = (debian / "master.cf.dist").read_text() + "".join(example(name) for name in self.services)
        self.machine.write("/etc/postfix/master.cf", master)
        self.machine.write("/etc/postfix/dynamicmaps.cf", (debian / "dynamicmaps.cf").read_text())
        self.machine.write("/etc/postfix/aliases", "postmaster bob\n")
        self.machine.directory("/var/spool/postfix")
        self.machine.directory("/var/lib/postfix", owner="postfix")
        # Debian's init script fills a chroot for some of the daemons; ours do without.
        self.machine.check("postconf", "-F", "*/*/chroot = n")
        for name in ["postdrop", "postqueue"]:
            program = self.machine.path(f"/usr/sbin/{name}").read_bytes()
            self.machine.write(f"/usr/sbin/{name}", program, 0o2555, "root", "postdrop")
        self.machine.check("postfix", "check")

    def start(self) -> None:
        # Not by `postfix start-fg`, which is a script that lets its daemons live on.
        self.machine.daemon("/usr/lib/postfix/sbin/master", "-c", "/etc/postfix", "-d")
        wait_for("a master", lambda: self.machine.run("postqueue", "-j").returncode == 0)

    def queue(self) -> dict[str, bool]:
        listed = self.machine.check("postqueue", "-j").splitlines()
        messages = [json.loads(line) for line in listed if line.startswith("{")]
        return {entry["queue_id"]: entry["queue_name"] == "deferred" for entry in messages}

    def retry(self) -> None:
        self.machine.check("postqueue", "-f")


def complaints(machine: Machine, fragment: str) -> str:
    """What postconf says of our main.cf with these lines in it."""
    machine.directory("/tmp/postfix")
    machine.write("/tmp/postfix/main.cf", machine.path("/etc/postfix/main.cf").read_text() + fragment)
    machine.write("/tmp/postfix/master.cf", machine.path("/etc/postfix/master.cf").read_text())
    said = machine.run("postconf", "-c", "/tmp/postfix", "-n").stdout.decode()
    said += machine.run("postfix", "-c", "/tmp/postfix", "check").stdout.decode()
    # That a later line overrides an earlier one is how lines are added.
    wrong = [line for line in said.splitlines() if re.search("warning|fatal|error", line)]
    return "\n".join(line for line in wrong if "overriding earlier entry" not in line)


class Local(Postfix):
    name = "postfix-local"


class Pipe(Postfix):
    """The mailboxes of people without accounts: all belong to one user."""
    name = "postfix-pipe"
    runs_as = owner = "vmail"
    fragments = ["postfix/virtual/main.cf"]
    services = ["postfix/virtual/master.cf"]

    def prepare(self) -> None:
        self.machine.write("/etc/postfix/mailboxes", example("postfix/virtual/mailboxes"))
        super().prepare()
