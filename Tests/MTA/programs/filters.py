"""procmail and maildrop, as Postfix's mailbox_command."""

from machine import Machine
from programs.postfix import Postfix
from server import example


class Procmail(Postfix):
    name = "procmail"
    packages = "postfix"
    fragments = ["procmail/main.cf"]

    def prepare(self) -> None:
        super().prepare()
        self.machine.write("/home/ann/.procmailrc", example("procmail/procmailrc"), 0o600, "ann")


class Maildrop(Postfix):
    name = "maildrop"
    fragments = ["maildrop/main.cf"]

    def prepare(self) -> None:
        super().prepare()
        self.machine.write("/home/ann/.mailfilter", example("maildrop/mailfilter"), 0o600, "ann")


def procmail_complaints(machine: Machine, fragment: str) -> str:
    """procmail has no checker, but its log names what it skips."""
    machine.write("/tmp/procmail.log", "")
    machine.write("/tmp/procmailrc", f"LOGFILE=/tmp/procmail.log\n:0\n* ! ^From: ann\n{{\n{fragment}\n}}\n:0\n/dev/null\n")
    machine.run("procmail", "-m", "/tmp/procmailrc", input=b"From: ann\n\n")
    log = machine.path("/tmp/procmail.log").read_text()
    return "\n".join(line for line in log.splitlines() if line.startswith("procmail:"))


def maildrop_complaints(machine: Machine, fragment: str) -> str:
    """maildrop has no checker, but it parses all of a filter before it does anything."""
    machine.write("/tmp/mailfilter", f"if (0)\n{{\n{fragment}\n}}\nEXITCODE=0\nexit\n", 0o600)
    result = machine.run("maildrop", "/tmp/mailfilter", input=b"From: ann\n\n")
    return "" if result.returncode == 0 else result.stdout.decode()
