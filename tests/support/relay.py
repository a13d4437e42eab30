"""A bad network between UDP peers, whose moods can be had again.

    client ──up──► relay ──up──► target
           ◄─down─       ◄─down─

Each client's address gets a socket of its own towards the target, which so tells clients apart as
it would without the relay. What happens to a packet is settled by the seed and by which packet of
which client it is, not by the clock; only a queue that is full is a matter of time.
"""

import asyncio
import heapq
import itertools
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

Address = tuple[str, int]

# Seconds by which a packet is late that those behind are to overtake.
HELD_BACK = 0.03
# What may wait in one direction, whatever the impairment asks for, and how many may come.
_MOST_WAITING = 8 * 1024 * 1024
_MOST_CLIENTS = 256
# Media comes in bursts; what is lost here is to be lost on purpose.
_SOCKET_BUFFER = 4 * 1024 * 1024
_LARGEST = 65_535
# So many packets are read before other tasks get their turn.
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Impairment:
    # Shares of all packets: gone, sent twice, overtaken by those behind.
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    # Seconds: for every packet, and up to so many more. Neither changes the order.
    delay: float = 0.0
    jitter: float = 0.0
    # Bytes a second; bytes that may go at once after a pause; bytes that may wait for their turn.
    rate: float | None = None
    burst: int = 3_000
    queue: int = 64 * 1024


CLEAR = Impairment()


@dataclass(slots=True)
class Direction:
    """What is done to packets that go one way, and what has been done so far."""

    # May be replaced at any time. What waits already keeps its time.
    impairment: Impairment = CLEAR
    received: int = 0
    lost: int = 0
    # Dropped as too much was waiting.
    overflowed: int = 0
    duplicated: int = 0
    reordered: int = 0
    delayed: int = 0
    delivered: int = 0
    waiting_bytes: int = 0

    @property
    def dropped(self) -> int:
        return self.lost + self.overflowed


class Link:
    """One client's packets in one direction: which of them come out, and when."""

    def __init__(self, direction: Direction, seed: str) -> None:
        self._direction = direction
        self._random = random.Random(seed)
        # When the bucket has the tokens for all that was let in; when the last packet comes out.
        self._paid_at = 0.0
        self._last_at = 0.0

    def departures(self, size: int, now: float) -> list[float]:
        """When the packet comes out; twice, if it is doubled, and never, if it is dropped."""
        direction, impairment = self._direction, self._direction.impairment
        direction.received += 1
        # Always as many numbers a packet, so that no setting changes the luck of those behind.
        lost, doubled, held, late = (self._random.random() for _ in range(4))
        if lost < impairment.loss:
            direction.lost += 1
            return []
        paid_at = self._pay(size, now, impairment)
        if paid_at is None or direction.waiting_bytes + size > _MOST_WAITING:
            direction.overflowed += 1
            return []
        leaves = paid_at + impairment.delay + late * impairment.jitter
        if held < impairment.reorder:
            direction.reordered += 1
            leaves += HELD_BACK
        else:
            leaves = self._last_at = max(leaves, self._last_at)
        if leaves > now:
            direction.delayed += 1
        if doubled < impairment.duplicate:
            direction.duplicated += 1
            return [leaves, leaves]
        return [leaves]

    def _pay(self, size: int, now: float, impairment: Impairment) -> float | None:
        """When the token bucket lets it pass; None if too much waits before it."""
        rate = impairment.rate
        if rate is None:
            return now
        paid_at = max(self._paid_at, now - impairment.burst / rate) + size / rate
        if (paid_at - now) * rate > impairment.queue:
            return None
        self._paid_at = paid_at
        return max(paid_at, now)


class _Queue:
    """What waits on one link, sent when its time has come."""

    def __init__(self, direction: Direction, seed: str, send: Callable[[bytes], object]) -> None:
        self._direction = direction
        self._link = Link(direction, seed)
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[float, int, bytes]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, packet: bytes) -> None:
        for leaves in self._link.departures(len(packet), self._loop.time()):
            heapq.heappush(self._waiting, (leaves, next(self._numbers), packet))
            self._direction.waiting_bytes += len(packet)
        self._send_due()

    def _send_due(self) -> None:
        now = self._loop.time()
        while self._waiting and self._waiting[0][0] <= now:
            _, _, packet = heapq.heappop(self._waiting)
            self._direction.waiting_bytes -= len(packet)
            self._deliver(packet)
        self._stop_timer()
        if self._waiting:
            self._timer = self._loop.call_at(self._waiting[0][0], self._send_due)

    def _deliver(self, packet: bytes) -> None:
        try:
            self._send(packet)
        except OSError:
            # As on any network: nobody is there, or the system's own queue is full.
            self._direction.overflowed += 1
        else:
            self._direction.delivered += 1

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        self._stop_timer()
        self._direction.waiting_bytes -= sum(len(packet) for _, _, packet in self._waiting)
        self._waiting.clear()


@dataclass(frozen=True, slots=True)
class _Client:
    upstream: socket.socket
    up: _Queue
    down: _Queue


class UdpRelay:
    def __init__(
        self,
        target: Address,
        *,
        up: Impairment = CLEAR,
        down: Impairment = CLEAR,
        seed: int = 0,
        host: str = "127.0.0.1",
    ) -> None:
        self.up = Direction(up)
        self.down = Direction(down)
        self._target = target
        self._seed = seed
        self._host = host
        self._clients: dict[Address, _Client] = {}

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._front = _udp_socket(self._host)
        self._front.bind((self._host, 0))
        self._loop.add_reader(self._front, self._read_front)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for client in self._clients.values():
            client.up.close()
            client.down.close()
            self._close(client.upstream)
        self._clients.clear()
        self._close(self._front)

    @property
    def address(self) -> Address:
        """Where clients send instead of to the target."""
        host, port, *_ = self._front.getsockname()
        return host, port

    def _read_front(self) -> None:
        for _ in range(_BATCH):
            try:
                packet, source = self._front.recvfrom(_LARGEST)
            except OSError:
                return
            client = self._clients.get(source) or self._welcome(source)
            if client is not None:
                client.up.put(packet)

    def _welcome(self, address: Address) -> _Client | None:
        if len(self._clients) == _MOST_CLIENTS:
            return None
        number = len(self._clients)
        upstream = _udp_socket(self._target[0])
        upstream.connect(self._target)
        client = _Client(
            upstream,
            up=_Queue(self.up, f"{self._seed} {number} up", upstream.send),
            down=_Queue(
                self.down,
                f"{self._seed} {number} down",
                lambda packet: self._front.sendto(packet, address),
            ),
        )
        self._clients[address] = client
        self._loop.add_reader(upstream, self._read_upstream, client)
        return client

    def _read_upstream(self, client: _Client) -> None:
        for _ in range(_BATCH):
            try:
                packet = client.upstream.recv(_LARGEST)
            except OSError:
                return
            client.down.put(packet)

    def _close(self, closing: socket.socket) -> None:
        self._loop.remove_reader(closing)
        closing.close()


def _udp_socket(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setblocking(False)
    for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        made.setsockopt(socket.SOL_SOCKET, buffer, _SOCKET_BUFFER)
    return made
