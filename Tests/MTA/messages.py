"""What is sent, and what of it must be in a mailbox afterwards: read here from the bytes, by no library's idea of an
mbox, because a lenient reader would not see what is wrong."""

import re
from dataclasses import dataclass
from pathlib import Path

FROM_LINE = re.compile(
    rb"From (\S+) +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-3]\d "
    rb"\d\d:\d\d:\d\d \d{4}\Z")
# What a mail server may take away or write anew.
REPLACED = (b"return-path:", b"delivered-to:", b"content-length:", b"status:", b"x-status:")


@dataclass
class Message:
    name: str
    sender: str
    text: bytes


@dataclass
class Stored:
    """One message of a mailbox, its body as it is there, quoted. Somebody else's has no name."""
    name: str
    sender: str
    headers: list[bytes]
    body: bytes


def samples(repository: Path) -> list[Message]:
    """The messages of examples/, each with a name that it is known by later; and one without a sender, as bounces are."""
    files = sorted((repository / "examples/messages").glob("*.eml"))
    messages = [make(file.stem, file.read_bytes()) for file in files]
    assert len(messages) >= 8
    return [*messages, make("null-sender", (repository / "examples/messages/plain.eml").read_bytes(), sender="")]


def numbered(count: int, prefix: str = "number") -> list[Message]:
    """Messages whose every line tells which one they are, and one line that must be quoted."""
    return [make(f"{prefix}-{n}", _page(f"{prefix}-{n}")) for n in range(count)]


def bulk(name: str, size: int) -> Message:
    """A large one. Whoever rewrites or appends it takes so long that a writer with other locks gets in between."""
    line = f"one of many lines of {name}\n".encode()
    return make(name, b"From: bob@example.org\nSubject: bulk\n\n" + line * (size // len(line)))


def make(name: str, text: bytes, sender: str = "bob@example.org") -> Message:
    end = b"\r\n" if b"\r\n" in text else b"\n"
    return Message(name, sender, b"X-Bench: " + name.encode() + end + text)


def _page(name: str) -> bytes:
    body = "".join(f"line {n} of {name}\n" for n in range(40))
    return f"From: bob@example.org\nTo: ann@example.org\nSubject: {name}\n\n{body}From {name} on\n".encode()


def read(mailbox: bytes) -> list[Stored]:
    """Every message of a mailbox. Whatever is not right by the letter of mbox(5) is an error."""
    if not mailbox:
        return []
    assert mailbox.startswith(b"From "), f"the mailbox begins with {mailbox[:40]!r}"
    assert mailbox.endswith(b"\n\n"), f"the mailbox ends in {mailbox[-40:]!r}"
    pieces = re.split(rb"^(?=From )", mailbox, flags=re.MULTILINE)[1:]
    return [_message(piece) for piece in pieces]


def _message(piece: bytes) -> Stored:
    assert piece.endswith(b"\n\n"), f"no blank line after {piece[-60:]!r}"
    first, rest = piece[:-1].split(b"\n", 1)
    matched = FROM_LINE.match(first)
    assert matched, f"the From_ line {first!r}"
    lines, body = _halves(rest)
    names = [line.split(b":", 1)[1].strip().decode() for line in lines if line.lower().startswith(b"x-bench:")]
    assert len(names) <= 1, f"a message with the names {names}: {piece[:300]!r}"
    return Stored("".join(names), matched[1].decode(), lines, body)


def _halves(text: bytes) -> tuple[list[bytes], bytes]:
    """The lines of the header, without their ends, and the body as it is."""
    headers, body = re.split(rb"\n\r?\n", text, maxsplit=1)
    return [line.rstrip(b"\r") for line in headers.split(b"\n")], body


def compare(stored: Stored, message: Message, keeps_carriage_returns: bool) -> None:
    """The message is there as it was sent: sender, every header, every byte of the body after unquoting."""
    assert stored.sender == (message.sender or "MAILER-DAEMON"), f"{message.name}: From_ line with {stored.sender}"
    text = message.text if keeps_carriage_returns else message.text.replace(b"\r\n", b"\n")
    headers, body = _halves(text)
    missing = [line for line in headers if line not in stored.headers and not line.lower().startswith(REPLACED)]
    assert not missing, f"{message.name}: without the header {missing}"
    body += b"" if body.endswith(b"\n") or not body else b"\n"
    found = re.sub(rb"^>(>*From )", rb"\1", stored.body, flags=re.MULTILINE)
    assert found == body, f"{message.name}: {difference(found, body)}"


def quoted_body(message: Message) -> bytes:
    """The body as it has to be in the mailbox."""
    return re.sub(rb"^(>*From )", rb">\1", _halves(message.text)[1], flags=re.MULTILINE)


def framed(message: Message) -> bytes:
    """The message as it has to be in the mailbox."""
    headers = message.text[: -len(_halves(message.text)[1])]
    return b"From bob@example.org Thu Jan  1 00:00:00 2026\n" + headers + quoted_body(message) + b"\n"


def difference(found: bytes, wanted: bytes) -> str:
    at = next((n for n, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
    return f"differs at byte {at}: {found[max(at - 30, 0):at + 30]!r} for {wanted[max(at - 30, 0):at + 30]!r}"
