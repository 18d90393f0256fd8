"""Each program's own checker of its configuration: for our examples, and for what `lockctl policy export` prints."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import imap
from machine import Machine
from programs import exim, fetchers, filters, mutt, opensmtpd, postfix
from server import example


@dataclass
class Checker:
    """What COMPLAINTS says of lines in that program's language: nothing if it is content."""
    name: str
    # Where the program is set up.
    server: str
    complaints: Callable[[Machine, str], str]
    # Lines that it must be content with, from examples/, and that it must not.
    example: str
    mistake: str
    # Whether `lockctl policy export` knows it.
    exported: bool = True

    def check(self, machine: Machine) -> None:
        said = self.complaints(machine, example(self.example))
        assert not said, f"of examples/{self.example}: {said}"
        assert self.complaints(machine, self.mistake), f"no complaint of {self.mistake!r}"

    def check_export(self, machine: Machine) -> None:
        command = ["lockctl", "policy", "export", "--for", self.name, "/var/mail/ann"]
        lines = machine.check(*command)
        said = self.complaints(machine, lines)
        assert not said, f"of what {' '.join(command)} prints: {said}"
        assert any(line[:1] not in ("", "#") for line in lines.splitlines()), f"{' '.join(command)} prints no lines"


def mailutils_complaints(machine: Machine, text: str) -> str:
    machine.write("/tmp/mailutils.conf", text)
    result = machine.run("mail", "--no-config", "--config-file=/tmp/mailutils.conf", "--config-lint")
    told = re.compile("mail: (opening|parsing|finished parsing|cannot stat) ")
    wrong = [line for line in result.stdout.decode().splitlines() if not told.match(line)]
    return "\n".join(wrong) or ("" if result.returncode == 0 else f"status {result.returncode}")


ALL = [
    Checker("postfix", "postfix-local", postfix.complaints, "postfix/main.cf", "mailbox_comand = true\n"),
    Checker("exim", "exim", exim.complaints, "exim/transport", "use_lock_file = true\n"),
    Checker(
        "opensmtpd", "opensmtpd", opensmtpd.complaints, "opensmtpd/smtpd.conf", "action local mda\n", exported=False),
    Checker("procmail", "procmail", filters.procmail_complaints, "procmail/procmailrc", ":0 w\n* ?? x\n<<\n}}\n"),
    Checker("maildrop", "maildrop", filters.maildrop_complaints, "maildrop/mailfilter", "to\n"),
    Checker(
        "fetchmail", "fetchmail", fetchers.fetchmail_complaints, "fetchmail/fetchmailrc", "pole x\n", exported=False),
    Checker(
        "getmail", "getmail", fetchers.getmail_complaints, "getmail/getmailrc", "[retriever]\ntype = x\n",
        exported=False),
    Checker("dovecot", "postfix-local", imap.complaints, "dovecot/mbox.conf", "mbox_write_lock = fcntl\n"),
    Checker("mutt", "postfix-local", mutt.complaints, "mutt/muttrc", "set dotlock_porgram = x\n"),
    Checker("mailutils", "postfix-local", mailutils_complaints, "mailutils/mailutils.conf", "locking { retry 10; };\n"),
]
