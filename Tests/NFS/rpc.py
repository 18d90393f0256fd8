"""What an Ethernet frame asks an NFS server for: enough of ONC RPC, NFSv3 and NFSv4 to pick requests by procedure."""
import struct
from dataclasses import dataclass

NFS = 100003
VERSION_3 = {1: "GETATTR", 2: "SETATTR", 3: "LOOKUP", 6: "READ", 7: "WRITE", 8: "CREATE", 9: "MKDIR", 12: "REMOVE",
             13: "RMDIR", 14: "RENAME", 15: "LINK", 21: "COMMIT"}


@dataclass
class Call:
    """One request: `names` are the file names in it, as far as it is understood; `end` is the number of the first byte
    after it in its connection."""
    procedures: list
    names: list
    version: str = "v3"
    end: int = 0

    def is_of(self, version, procedure, name):
        """`name` is a part of one of the names, or empty."""
        return (version == self.version and procedure in self.procedures
                and (not name or any(name in other for other in self.names)))


def calls(frame):
    """The NFS requests in a frame; those that begin in an earlier one are not seen."""
    number, data = _segment(frame)
    found = []
    while len(data) >= 28:
        mark, _, kind, rpc, program, version, procedure = struct.unpack_from(">7I", data)
        length = mark & 0x7FFFFFFF
        if kind != 0 or rpc != 2 or program != NFS or not mark >> 31:
            break
        reader = _Reader(data[28:4 + length])
        reader.credentials()
        call = _version_3(procedure, reader) if version == 3 else _compound(reader)
        data, number = data[4 + length:], number + 4 + length
        call.end = number
        found.append(call)
    return found


def is_of_connection(frame, first):
    """Whether a frame belongs to the connection of the `first` one, in either direction."""
    if frame[12:14] != b"\x08\x00":
        return False
    addresses, ports = frame[26:34], frame[34:38]
    return (addresses + ports, addresses[4:] + addresses[:4] + ports[2:] + ports[:2]).count(first[26:38]) > 0


def carries_before(frame, end):
    """Whether there are bytes before `end` in a frame of that connection."""
    number, data = _segment(frame)
    return bool(data) and 0 < (end - number) % (1 << 32) < 1 << 31


def asks(frame, program):
    """Whether there is a request for an RPC program in a frame."""
    return struct.pack(">III", 0, 2, program) in frame


def _segment(frame):
    """The number of the first byte of a TCP segment, and its bytes."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return 0, b""
    ip = frame[14:14 + struct.unpack_from(">H", frame, 16)[0]]  # a short frame is padded
    segment = ip[(ip[0] & 15) * 4:]
    return struct.unpack_from(">I", segment, 4)[0], segment[(segment[12] >> 4) * 4:]


class _Reader:
    """XDR."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self):
        self.at += 4
        return struct.unpack_from(">I", self.data, self.at - 4)[0]

    def opaque(self):
        length = self.number()
        start, self.at = self.at, self.at + (length + 3) // 4 * 4
        return self.data[start:start + length]

    def skip(self, count):
        self.at += count

    def credentials(self):
        for _ in range(2):
            self.number()
            self.opaque()


def _version_3(number, reader):
    procedure = VERSION_3.get(number, str(number))
    names = []
    if procedure in ("LOOKUP", "CREATE", "MKDIR", "REMOVE", "RMDIR"):
        names = _names(reader, "hn")
    elif procedure == "RENAME":
        names = _names(reader, "hnhn")
    elif procedure == "LINK":
        names = _names(reader, "hhn")
    return Call([procedure], names)


def _names(reader, form):
    """Of file handles (h) and names (n)."""
    values = [reader.opaque() for _ in form]
    return [value.decode(errors="replace") for value, kind in zip(values, form) if kind == "n"]


def _compound(reader):
    """The operations of an NFSv4 compound, up to the first one that is not understood."""
    call = Call([], [])
    try:
        reader.opaque()
        call.version = f"v4.{reader.number()}"
        for _ in range(reader.number()):
            name, form = OPERATIONS[reader.number()]
            call.procedures.append(name)
            for step in form:
                if step == "n":
                    call.names += _names(reader, "n")
                elif step in "hb":
                    reader.skip(4 * reader.number()) if step == "b" else reader.opaque()
                else:
                    reader.skip(int(step, 16) * 4)
    except (KeyError, struct.error):
        pass
    return call


# By number: the name, and what follows: a name (n), an opaque (h), a bitmap (b), so many words (in hexadecimal). CREATE is
# that of a directory, and named as in NFSv3.
OPERATIONS = {
    53: ("SEQUENCE", "8"), 22: ("PUTFH", "h"), 24: ("PUTROOTFH", ""), 32: ("SAVEFH", ""), 31: ("RESTOREFH", ""),
    3: ("ACCESS", "1"), 9: ("GETATTR", "b"), 10: ("GETFH", ""), 15: ("LOOKUP", "n"), 11: ("LINK", "n"),
    28: ("REMOVE", "n"), 29: ("RENAME", "nn"), 6: ("MKDIR", "1n"), 34: ("SETATTR", "4"), 38: ("WRITE", "4"),
    25: ("READ", "4"),
}
