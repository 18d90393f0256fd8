"""A mail server that is played by the bench: it has a queue, and calls a command for each message."""

import itertools

from messages import Message
from server import Server, example


class Caller(Server):
    # The statuses after which the message would be bounced.
    hard: set[int] = set()

    def prepare(self) -> None:
        self.waiting: dict[int, Message] = {}
        self.numbers = itertools.count()

    def deliver(self, message: Message) -> tuple[int, str]:
        """Calls the command. Its status, and what it said."""
        raise NotImplementedError

    def submit(self, message: Message) -> None:
        number = next(self.numbers)
        self.waiting[number] = message
        self._try(number)

    def queue(self) -> dict[str, bool]:
        return {str(number): True for number in list(self.waiting)}

    def retry(self) -> None:
        for number in list(self.waiting):
            self._try(number)

    def _try(self, number: int) -> None:
        status, said = self.deliver(self.waiting[number])
        assert status not in self.hard, f"it would bounce after status {status}: {said}"
        if status == 0:
            del self.waiting[number]


class ProcmailByRoot(Caller):
    """procmail as sendmail's local mailer: root calls it, and /etc/procmailrc is root's to run."""
    name = "procmail-root"
    runs_as = "root"
    keeps_carriage_returns = True
    # Everything but 75, as sendmail has it.
    hard = set(range(1, 256)) - {75}

    def prepare(self) -> None:
        super().prepare()
        self.machine.write("/etc/procmailrc", example("procmail/procmailrc"))

    def deliver(self, message: Message) -> tuple[int, str]:
        sender = message.sender or "MAILER-DAEMON"
        result = self.machine.run("procmail", "-t", "-Y", "-f", sender, "-d", "ann", input=message.text)
        return result.returncode, result.stdout.decode(errors="replace")
