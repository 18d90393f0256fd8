"""An Ethernet hub between guests, which can cut a cable, delay it, and lose the replies to chosen requests."""
import heapq
import os
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

from NFS import rpc


@dataclass
class Cable:
    """A guest's end of a cable."""
    socket: socket.socket
    mac: str
    address: str


class Hub:
    """Passes frames on in a thread of its own, until it is closed.

    `delay[name] = seconds` holds back what comes from and goes to that guest.
    """

    def __init__(self):
        self.delay = {}
        self._ports, self._numbers, self._rules = {}, {}, []
        self._wake, self._woken = os.pipe()[::-1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._wake)
        self._thread.join()

    def plug(self, name):
        """A cable for a guest, in place of the one that it had before."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for end in ours, theirs:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        ours.setblocking(False)
        number = self._numbers.setdefault(name, len(self._numbers) + 1)
        self._ports[name] = ours
        os.write(self._wake, b"x")
        return Cable(theirs, f"02:00:00:00:00:{number:02x}", f"10.77.0.{number}")

    def addresses(self):
        return {name: f"10.77.0.{number}" for name, number in self._numbers.items()}

    def add(self, rule):
        """Loses each frame of which `rule(source, destination, frame)` is true. Returns what takes the rule away."""
        self._rules.append(rule)
        return lambda: rule in self._rules and self._rules.remove(rule)

    def cut(self, name):
        """Cuts a guest's cable. Returns what mends it."""
        return self.add(lambda source, destination, _: name in (source, destination))

    def lose_reply(self, client, version, *requests):
        """The next request of a client by that version of NFS that is like the last of `requests`, each a procedure and
        a part of a name, and comes after some that are like the others, arrives whole; and from then on nothing goes
        through its connection, in neither direction."""
        return LostReply(self, client, version, list(requests))

    def send(self, name, frame):
        try:
            self._ports[name].send(frame)
        except OSError:
            pass  # full, or gone: Ethernet loses frames

    def _run(self):
        held, count = [], 0
        while True:
            names = {port.fileno(): name for name, port in list(self._ports.items())}
            timeout = max(0, held[0][0] - time.monotonic()) if held else None
            for ready in select.select([*names, self._woken], [], [], timeout)[0]:
                if ready == self._woken:
                    if not os.read(ready, 100):
                        return
                    continue
                for moment, destination, frame in self._receive(names[ready]):
                    count += 1
                    heapq.heappush(held, (moment, count, destination, frame))
            while held and held[0][0] <= time.monotonic():
                _, _, destination, frame = heapq.heappop(held)
                self.send(destination, frame)

    def _receive(self, source):
        try:
            frame = self._ports[source].recv(65536)
        except OSError:
            return
        for destination, number in list(self._numbers.items()):
            is_for_it = frame[0] & 1 or frame[5] == number
            if destination == source or not is_for_it:
                continue
            if any([rule(source, destination, frame) for rule in list(self._rules)]):
                continue
            delay = self.delay.get(source, 0) + self.delay.get(destination, 0)
            yield time.monotonic() + delay, destination, frame


class LostReply:
    """A request that is carried out, and whose client is not told."""

    def __init__(self, hub, client, version, requests):
        self._hub, self._client, self._version, self._requests = hub, client, version, requests
        self._request, self._end, self._seen = None, 0, threading.Event()
        self._remove = hub.add(self._rule)

    def _rule(self, source, destination, frame):
        if not self._seen.is_set():
            if source == self._client:
                self._follow(frame)
            return False
        if not rpc.is_of_connection(frame, self._request):
            return False
        return source != self._client or not rpc.carries_before(frame, self._end)

    def _follow(self, frame):
        for call in rpc.calls(frame):
            if self._requests and call.is_of(self._version, *self._requests[0]):
                self._request, self._end = frame, call.end
                self._requests.pop(0)
        if not self._requests:
            self._seen.set()

    def wait(self, seconds=60):
        """Waits for the request."""
        if not self._seen.wait(seconds):
            raise TimeoutError(f"{self._client} has not sent the request that is waited for")
        time.sleep(0.3)  # so that it has been carried out

    def mend(self, reset=False):
        """Lets the client hear again; with `reset` its connection is gone, and the reply stays lost."""
        self._remove()
        if reset:
            self._hub.send(self._client, _forged_reset(self._request))


def _forged_reset(frame):
    """The TCP reset that the other end could have answered a frame with."""
    ip, tcp = frame[14:34], frame[14 + (frame[14] & 15) * 4:]
    header = tcp[2:4] + tcp[0:2] + tcp[8:12] + bytes(4) + b"\x50\x04" + bytes(6)
    addresses = ip[16:20] + ip[12:16]
    header = header[:16] + _checksum(addresses + b"\0\6\0\x14" + header) + header[18:]
    ip = b"\x45\0\0\x28\0\0\x40\0\x40\6\0\0" + addresses
    return frame[6:12] + frame[0:6] + b"\x08\0" + ip[:10] + _checksum(ip) + ip[12:] + header


def _checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF)
