"""procmail and maildrop, as Postfix's mailbox_command."""

from programs.postfix import Postfix
from server import example


class Procmail(Postfix):
    name = "procmail"
    packages = "postfix"
    fragments = ["procmail/main.cf"]

    def prepare(self) -> None:
        super().prepare()
        self.machine.write("/home/ann/.procmailrc", example("procmail/procmailrc"), 0o600, "ann")

    def complaints(self, fragment: str) -> str:
        """procmail has no checker, but its log names what it skipped."""
        self.machine.write("/tmp/procmailrc", f"LOGFILE=/tmp/procmail.log\n{fragment}\n:0\n/dev/null\n", 0o644)
        self.machine.run("procmail", "-m", "/tmp/procmailrc", input=b"From: ann\n\n")
        log = self.machine.path("/tmp/procmail.log").read_text()
        return "\n".join(line for line in log.splitlines() if line.startswith("procmail:"))


class Maildrop(Postfix):
    name = "maildrop"
    fragments = ["maildrop/main.cf"]

    def prepare(self) -> None:
        super().prepare()
        self.machine.write("/home/ann/.mailfilter", example("maildrop/mailfilter"), 0o600, "ann")

    def complaints(self, fragment: str) -> str:
        """maildrop has no checker, but it parses all of a filter before it runs it."""
        self.machine.write("/tmp/mailfilter", f"{fragment}\nEXITCODE=0\nexit\n", 0o600)
        result = self.machine.run("maildrop", "/tmp/mailfilter", input=b"From: ann\n\n")
        return "" if result.returncode == 0 else result.stdout.decode()
