"""fetchmail and getmail, which fetch ann's mail from Dovecot: one as root for everybody, one as ann for herself."""

import itertools
from pathlib import Path

from machine import Machine
from messages import Message
from server import NotOurs, Server, example


class Fetcher(Server):
    """The queue is the maildir of the remote account, and every message of it was tried."""

    def prepare(self) -> None:
        for name in ["", "/new", "/cur", "/tmp"]:
            self.machine.directory(f"/home/bob/remote{name}", 0o700, "bob")
        self.count = itertools.count()

    def submit(self, message: Message) -> None:
        self.put(message)
        self.retry()

    def submit_all(self, messages: list[Message]) -> None:
        for message in messages:
            self.put(message)
        self.retry()

    def put(self, message: Message) -> None:
        """As the remote server has stored it, with what the envelope said."""
        end = b"\r\n" if b"\r\n" in message.text else b"\n"
        text = b"Return-Path: <" + message.sender.encode() + b">" + end + message.text
        self.machine.write(f"/home/bob/remote/new/{next(self.count):04}.bench", text, 0o600, "bob")

    def queue(self) -> dict[str, bool]:
        remote = self.machine.path("/home/bob/remote")
        return {file.name: True for name in ["new", "cur"] for file in (remote / name).iterdir()}


class Fetchmail(Fetcher):
    name = "fetchmail"
    runs_as = "root"
    # Version 6.4 puts three bytes of its own into a line of more than 8192.
    damages = {"long-line"}

    def prepare(self) -> None:
        super().prepare()
        self.machine.write("/etc/fetchmailrc", example("fetchmail/fetchmailrc"), 0o600)

    def retry(self) -> None:
        self.machine.run("fetchmail", "-f", "/etc/fetchmailrc")


class Getmail(Fetcher):
    name = "getmail"

    def prepare(self) -> None:
        super().prepare()
        self.machine.directory("/home/ann/.config/getmail", 0o700, "ann")
        self.machine.write("/home/ann/.config/getmail/getmailrc", example("getmail/getmailrc"), 0o600, "ann")

    def retry(self) -> None:
        said = self.machine.run("getmail", "--quiet", user="ann").stdout
        # The pause in getmailrc makes this rare.
        if b"timed out" in said and not self._delivers():
            raise NotOurs("getmail missed the end of its child (getmail6 issues 226 and 245), and delivers again")

    def _delivers(self) -> bool:
        """Whether a mboxappend still runs, which getmail would be right to wait for."""
        names = [file.read_text().strip() for file in Path("/proc").glob("[0-9]*/comm")]
        return "mboxappend" in names


def fetchmail_complaints(machine: Machine, text: str) -> str:
    """`--configdump` reads everything and fetches nothing."""
    machine.write("/tmp/fetchmailrc", text, 0o600)
    result = machine.run("fetchmail", "-f", "/tmp/fetchmailrc", "--configdump")
    return "" if result.returncode == 0 else result.stdout.decode()


def getmail_complaints(machine: Machine, text: str) -> str:
    """So does `--dump`."""
    machine.write("/tmp/getmailrc", text, 0o600, "ann")
    result = machine.run("getmail", "--rcfile", "/tmp/getmailrc", "--dump", user="ann")
    said = result.stdout.decode()
    return "" if result.returncode == 0 and "Error" not in said else said
