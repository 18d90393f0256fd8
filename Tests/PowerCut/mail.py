"""Messages that can be told from pieces of messages."""
import functools
import hashlib
import re

INITIAL = "".join(f"From old@example.org Thu Jan  1 00:00:{n:02} 1970\nSubject: old {n}\n\n{'old mail ' * 40 * n}\n\n"
                  for n in range(40)).encode()

START = re.compile(rb"From [^\n]*\nSubject: message (\S+) (\d+)\n")


@functools.lru_cache(maxsize=None)
def message(name, size):
    """No two blocks of it are the same, and none is what another message has there."""
    lines = [f"Subject: message {name} {size}\n\n"]
    left = size - len(lines[0])
    number = 0
    while left > 0:
        line = f"{name} {number} {hashlib.sha1(f'{name} {number}'.encode()).hexdigest()}"[:max(left - 1, 0)] + "\n"
        lines.append(line)
        left -= len(line)
        number += 1
    return "".join(lines).encode()


def split(mailbox):
    """What a reader sees: the names of the whole messages, in their order, and how many pieces there are besides."""
    names, pieces, at = [], 0, 0
    while at < len(mailbox):
        start = START.match(mailbox, at)
        if start:
            name, size = start.group(1).decode(), int(start.group(2))
            end = mailbox.index(b"\n", at) + 1
            whole = message(name, size) + b"\n"
            if mailbox.startswith(whole, end):
                names.append(name)
                at = end + len(whole)
                continue
        pieces += 1
        following = START.search(mailbox, at + 1)
        at = following.start() if following else len(mailbox)
    return names, pieces
