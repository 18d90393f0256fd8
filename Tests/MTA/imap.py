"""Dovecot over the same mailbox: what an IMAP client sees of it."""

import imaplib
import re

from machine import Machine, wait_for
from messages import Stored
from server import example

BASE = """
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = /var/log/dovecot.log
passdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
userdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
!include mbox.conf
"""
PASSWORD = "secret"
HOME = "/var/lib/imap"
# No more of a body is read.
LONGEST = 100_000


def prepare(machine: Machine, owner: str, mailbox: str) -> None:
    """OWNER is whose the mailbox is; ann reads it in any case."""
    machine.write("/etc/dovecot/dovecot.conf", BASE)
    machine.write("/etc/dovecot/mbox.conf", example("dovecot/mbox.conf"))
    reader = f"{machine.number(owner)}:{machine.number(owner)}::{HOME}"
    if mailbox != "/var/mail/ann":
        reader += f"::userdb_mail=mbox:~/mail:INBOX={mailbox}"
    # What is to be fetched from elsewhere is in a maildir, where every byte is as it was sent.
    remote = f"{machine.number('bob')}:{machine.number('bob')}::/home/bob::userdb_mail=maildir:/home/bob/remote"
    machine.write("/etc/dovecot/users", f"ann:{{PLAIN}}{PASSWORD}:{reader}\nremote:{{PLAIN}}{PASSWORD}:{remote}\n", 0o640, "root", "dovecot")


def start(machine: Machine) -> None:
    machine.daemon("/usr/sbin/dovecot", "-F")
    wait_for("an IMAP server", lambda: _answers())


def _answers() -> bool:
    try:
        imaplib.IMAP4("127.0.0.1").logout()
        return True
    except OSError:
        return False


def complaints(machine: Machine, fragment: str) -> str:
    """What doveconf says of our configuration with these lines after ours."""
    machine.write("/etc/dovecot/check.conf", BASE + fragment)
    result = machine.run("doveconf", "-c", "/etc/dovecot/check.conf", "-n")
    said = result.stdout.decode()
    wrong = [line for line in said.splitlines() if re.match(r"doveconf: (Error|Fatal|Warning)", line)]
    return "\n".join(wrong) or ("" if result.returncode == 0 else said)


class Client:
    """One session."""

    def __init__(self):
        self.imap = imaplib.IMAP4("127.0.0.1")
        # Names by their places in the mailbox, and of what the server has told to be expunged.
        self.order: list[str] = []
        self.gone: set[str] = set()
        self.imap.login("ann", PASSWORD)
        status, answer = self.imap.select("INBOX")
        assert status == "OK", answer

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.imap.logout()

    def messages(self) -> dict[str, tuple[str, bytes]]:
        """By their names: number for life, and body as the mailbox has it. Two with one name are an error."""
        self.imap.noop()
        self._note_gone(self.imap.response("EXPUNGE")[1])
        status, answer = self.imap.uid("FETCH", "1:*", f"(UID BODY.PEEK[HEADER.FIELDS (X-BENCH)] BODY.PEEK[TEXT]<0.{LONGEST}>)")
        assert status == "OK", answer
        found = {}
        self.order = []
        uid = name = None
        for part in answer:
            if not isinstance(part, tuple):
                continue
            if matched := re.search(rb"UID (\d+)", part[0]):
                uid, name = matched[1].decode(), None
            if b"HEADER.FIELDS" in part[0]:
                name = part[1].split(b":", 1)[1].strip().decode()
                self.order.append(name)
            else:
                assert name not in found, f"IMAP shows {name} twice"
                found[name] = uid, part[1].replace(b"\r\n", b"\n")
        return found

    def flag(self, uid: str, flag: str) -> None:
        status, answer = self.imap.uid("STORE", uid, "+FLAGS", flag)
        assert status == "OK", answer

    def expunge(self) -> None:
        """Asks for it. The server may put it off, and tells later what is gone."""
        status, answer = self.imap.expunge()
        assert status == "OK", answer
        self._note_gone(answer)

    def _note_gone(self, places: list[bytes | None]) -> None:
        self.gone.update(self.order.pop(int(place) - 1) for place in places if place)


def shown(body: bytes) -> bytes:
    """What `messages` has of a body."""
    return body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")[:LONGEST].replace(b"\r\n", b"\n")


def sees(stored: list[Stored]) -> None:
    """IMAP shows exactly these messages, each once and whole."""
    with Client() as client:
        seen = client.messages()
    assert sorted(seen) == sorted(message.name for message in stored), f"IMAP shows {sorted(seen)}"
    for message in stored:
        body = seen[message.name][1]
        assert body == shown(message.body), f"IMAP shows another body of {message.name}"
