"""qmail is not in Debian: this keeps qmail-local's side of the contract of qmail-command(8)."""

import os
import subprocess
import tempfile
import time

from messages import Message
from programs.caller import Caller
from server import example


class Qmail(Caller):
    name = "qmail"
    mailbox = "/home/ann/Mailbox"
    spools = [0o755]
    keeps_carriage_returns = True
    # Everything else, a signal too, is "try again later".
    hard = {64, 65, 70, 76, 77, 78, 100, 112}
    file = "qmail/dot-qmail"

    def prepare(self) -> None:
        super().prepare()
        self.machine.write("/home/ann/.qmail", example(self.file), 0o600, "ann")

    def deliver(self, message: Message) -> tuple[int, str]:
        """The lines of .qmail, in order, until one of them fails; 99 means: well done, and no more of them."""
        lines = self.machine.path("/home/ann/.qmail").read_text().splitlines()
        commands = [line[1:].rstrip() for line in lines if line.startswith("|")]
        assert commands
        with tempfile.TemporaryFile(dir=self.machine.place) as file:
            file.write(message.text)
            file.flush()
            for command in commands:
                status, said = self._command(command, message, file)
                if status != 0:
                    return 0 if status == 99 else status, said
        return 0, ""

    def _command(self, command: str, message: Message, file) -> tuple[int, str]:
        # One file for all of them, so whatever the one before has read of it: it is at its beginning again.
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        inside = ["env", "--chdir=/home/ann", "/bin/sh", "-c", command]
        environment = {**self.machine.environment("ann"), **self._variables(message)}
        process = subprocess.Popen(
            self.machine.command(inside, "ann"), stdin=file, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment, umask=0o077)
        said = process.communicate(timeout=60)[0].decode(errors="replace")
        return process.returncode, said

    def _variables(self, message: Message) -> dict[str, str]:
        sender = message.sender or "MAILER-DAEMON"
        now = time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime())
        return {
            "SENDER": message.sender, "NEWSENDER": message.sender, "RECIPIENT": "ann@example.org", "USER": "ann",
            "HOME": "/home/ann", "HOST": "example.org", "HOST2": "example", "HOST3": "example", "HOST4": "example",
            "LOCAL": "ann", "EXT": "", "EXT2": "", "EXT3": "", "EXT4": "",
            "UFLINE": f"From {sender} {now}\n", "RPLINE": f"Return-Path: <{message.sender}>\n",
            "DTLINE": "Delivered-To: ann@example.org\n",
        }


class QmailAlone(Qmail):
    """mboxappend by itself, with all methods of the policy."""
    name = "qmail-mboxappend"
    file = "qmail/dot-qmail-mboxappend"
