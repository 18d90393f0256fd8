"""What a disk was told, as dm-log-writes recorded it, and what is on such a disk when the power goes.

A disk keeps what was written before the last flush that it has answered, and what was forced (FUA). Of what was
written since then it keeps whatever it likes, in any order, in blocks of 4 KiB: it has a cache of its own. That is
harsher than killing the guest, which keeps everything. (In sectors of 512 bytes ext4's superblock does not survive.)
"""
import random
import re
import struct

SECTOR = 512
BLOCK = 4096
MAIL = re.compile(rb"m[0-9.]+ [0-9]+ [0-9a-f]{40}\n")
MAGIC = 0x6A736677736872
FLUSH, FORCED, DISCARD, MARK = 1, 2, 4, 8


class Write:
    __slots__ = ("sector", "data", "forced")

    def __init__(self, sector, data, forced):
        self.sector, self.data, self.forced = sector, data, forced

    def pieces(self, size):
        step = size - self.sector * SECTOR % size
        at = 0
        while at < len(self.data):
            yield self.sector * SECTOR + at, self.data[at:at + step]
            at += step
            step = size


class Span:
    """From one answered flush to the next: what was written meanwhile, and what the host was told meanwhile."""

    def __init__(self):
        self.writes, self.marks = [], []

    @property
    def has_mail(self):
        """Whether messages were written to the disk, and not only what keeps the order in it."""
        return any(MAIL.search(write.data) for write in self.writes)


class Recording:
    """Everything that the disk was told, from the day on which it was empty."""

    def __init__(self, path):
        self.spans = [Span()]
        with open(path, "rb") as file:
            magic, version, count, self._sector = struct.unpack("<QQQI", file.read(28))
            if magic != MAGIC or version != 1:
                raise ValueError(f"{path} is no recording")
            at = self._sector
            for _ in range(count):
                at = self._read_entry(file, at)

    def _read_entry(self, file, at):
        file.seek(at)
        head = file.read(self._sector)
        sector, sectors, flags, length = struct.unpack_from("<QQQQ", head)
        at += self._sector
        if flags & MARK:
            self.spans[-1].marks.append(head[32:32 + length].rstrip(b"\0").decode())
            return at
        if flags & FLUSH:
            # What follows was not yet written when the disk answered.
            self.spans.append(Span())
        if flags & DISCARD:
            self.spans[-1].writes.append(Write(sector, bytes(sectors * SECTOR), False))
            return at
        if sectors:
            self.spans[-1].writes.append(Write(sector, file.read(sectors * SECTOR), bool(flags & FORCED)))
        return at + sectors * SECTOR

    def marks(self, last):
        """What the host had been told when span number `last` ended."""
        return [mark for span in self.spans[:last + 1] for mark in span.marks]


class Cut:
    """A moment, and what the disk's cache has done by then."""

    def __init__(self, span, whim, seed):
        self.span, self.whim, self.seed = span, whim, seed

    def __str__(self):
        return f"{self.span}:{self.whim}:{self.seed}"


WHIMS = ["nothing", "all", "half", "few", "most", "first"]


def survivors(span, cut):
    """The pieces of a span's writes that are on the disk."""
    chance = random.Random(cut.seed)
    share = {"nothing": 0, "all": 1, "half": 0.5, "few": 0.15, "most": 0.85, "first": 1}[cut.whim]
    end = chance.randrange(len(span.writes) + 1) if cut.whim == "first" else len(span.writes)
    for number, write in enumerate(span.writes):
        for position, data in write.pieces(BLOCK):
            if write.forced or (number < end and chance.random() < share):
                yield position, data


class Disk:
    """A disk as it was when a span began; it only goes forward."""

    def __init__(self, recording):
        self._recording, self._next, self._blocks = recording, 0, {}

    def image(self, cut, file, offset):
        """Writes what is on the disk after a cut into a file of holes."""
        while self._next < cut.span:
            for write in self._recording.spans[self._next].writes:
                _store(self._blocks, write.pieces(BLOCK))
            self._next += 1
        changed = dict()
        for position, data in survivors(self._recording.spans[cut.span], cut):
            start = position - position % BLOCK
            if start not in changed:
                changed[start] = self._blocks.get(start, bytes(BLOCK))
            _store(changed, [(position, data)])
        for start, block in {**self._blocks, **changed}.items():
            if block.count(0) != BLOCK:
                file.seek(offset + start)
                file.write(block)


def _store(blocks, pieces):
    for position, data in pieces:
        start = position - position % BLOCK
        if start not in blocks and data.count(0) == len(data):
            continue  # a disk of holes has zeros there already
        if len(data) == BLOCK:
            blocks[start] = data
        else:
            old = blocks.get(start, bytes(BLOCK))
            at = position - start
            blocks[start] = old[:at] + data + old[at + len(data):]


def cuts(recording, count, seed):
    """Moments that matter: right after a promise, and in the middle of writing."""
    chance = random.Random(seed)
    begin = next(n for n, span in enumerate(recording.spans) if "begin" in span.marks)
    busy = range(begin + 1, len(recording.spans))
    promised = [n for n in busy if any(mark.startswith("done") for mark in recording.spans[n].marks)]
    mail = [n for n in busy if recording.spans[n].has_mail]
    chosen = []
    for number in range(count):
        if number % 4 == 0 and promised:
            # Right after it: what the disk was told later is not on it.
            chosen.append(Cut(chance.choice(promised), chance.choice(["nothing", "first", "few"]), chance.random()))
        else:
            chosen.append(Cut(chance.choice(busy if number % 4 == 1 else mail), chance.choice(WHIMS), chance.random()))
    return sorted(chosen, key=lambda cut: cut.span)
