"""The shape that every mail server has for the bench."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from machine import Machine, wait_for
from messages import Message

REPOSITORY = Path(__file__).resolve().parents[2]


def example(name: str) -> str:
    """A file of examples/, which is the configuration that is tested: no second copy of it is anywhere."""
    return (REPOSITORY / "examples" / name).read_text()


class NotOurs(Exception):
    """A fault of the other program, proven to be one, that spoils the case."""


class Server:
    name = ""
    # The tree of packages.py, and the paths of the programs that must be in it.
    packages = "common"
    # Whose process runs mboxappend, and whose the mailbox is.
    runs_as = "ann"
    owner = "ann"
    mailbox = "/var/mail/ann"
    # The directory of the mailbox: Debian's spool, of the group mail, and one where everybody may make files.
    spools = [0o2775, 0o1777]
    # Whether CR LF, as a message on a command's standard input may have it, is still CR LF in the mailbox.
    keeps_carriage_returns = False
    # Samples that the program itself damages.
    damages: set[str] = set()

    def __init__(self, machine: Machine):
        self.machine = machine

    def prepare(self) -> None:
        """Writes its configuration, from examples/, and what its package's scripts would have made."""

    def start(self) -> None:
        pass

    def submit(self, message: Message, recipient: str = "ann") -> None:
        """Hands over a message; the delivery may come later."""
        self.machine.check(
            "/usr/sbin/sendmail", "-i", "-f", message.sender or "<>", f"{recipient}@example.org", input=message.text)

    def submit_all(self, messages: list[Message]) -> None:
        """The same for many, three at a time."""
        with ThreadPoolExecutor(3) as pool:
            for _ in pool.map(self.submit, messages):
                pass

    def queue(self) -> dict[str, bool]:
        """The messages that are not delivered, and whether each has been tried."""
        raise NotImplementedError

    def retry(self) -> None:
        """Tries everything that is queued, now."""
        raise NotImplementedError

    def settle(self, seconds: float = 60) -> int:
        """Waits until every message is either delivered or has been tried, and returns how many are still queued."""
        wait_for("an answer to every delivery", self._is_settled, seconds)
        return len(self.queue())

    def _is_settled(self) -> bool:
        # Twice, because a message that moves from one queue to another is not listed for a moment.
        return all(self.queue().values()) and all(self.queue().values())

    def stop(self) -> None:
        self.machine.end_all()
