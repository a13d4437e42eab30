"""The bad network is bad in the way that it was asked to be, and the same way each time."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.relay import CLEAR, HELD_BACK, Address, Direction, Impairment, Link, UdpRelay
from tests.support.waiting import eventually

PACKETS = 2_000
SIZE = 1_000


class Peer(asyncio.DatagramProtocol):
    """Keeps what it hears and, as an echo, sends it back."""

    def __init__(self, *, echoes: bool) -> None:
        self._echoes = echoes
        self.heard: list[bytes] = []
        self.sources: set[Address] = set()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # what a datagram endpoint gives
        self._transport = transport
        self.address: Address = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.heard.append(data)
        self.sources.add(addr)
        if self._echoes:
            self._transport.sendto(data, addr)

    def send(self, packets: Iterable[bytes]) -> None:
        for packet in packets:
            self._transport.sendto(packet)


@asynccontextmanager
async def peer(address: Address | None = None) -> AsyncIterator[Peer]:
    """A client of that address or, with none, an echo."""
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Peer(echoes=address is None),
        local_addr=("127.0.0.1", 0) if address is None else None,
        remote_addr=address,
    )
    try:
        yield protocol
    finally:
        transport.close()
        # It is closed at the loop's next turn.
        await asyncio.sleep(0)


def numbered(count: int) -> list[bytes]:
    return [number.to_bytes(4, "big") for number in range(count)]


def came_out(impairment: Impairment, seed: str, count: int = PACKETS) -> list[int]:
    """Which packets of many, one a millisecond, come out of a link, in their order."""
    link = Link(Direction(impairment), seed)
    out = [
        (leaves, number)
        for number in range(count)
        for leaves in link.departures(SIZE, number / 1000)
    ]
    return [number for _, number in sorted(out)]


BAD = Impairment(loss=0.1, duplicate=0.05, reorder=0.05, delay=0.02, jitter=0.01)


def test_the_same_seed_has_the_same_moods() -> None:
    assert came_out(BAD, "seven") == came_out(BAD, "seven")
    assert came_out(BAD, "seven") != came_out(BAD, "eight")


def test_what_is_lost_does_not_depend_on_what_else_is_asked_for() -> None:
    only_loss = set(came_out(Impairment(loss=0.1), "seven"))
    assert set(came_out(BAD, "seven")) == only_loss


def test_nor_on_when_the_loss_begins() -> None:
    direction = Direction()
    link = Link(direction, "seven")
    for _ in range(PACKETS // 2):
        assert link.departures(SIZE, 0)
    direction.impairment = Impairment(loss=0.1)
    late = {
        number for number in range(PACKETS // 2, PACKETS) if link.departures(SIZE, number / 1000)
    }
    assert late == {n for n in came_out(Impairment(loss=0.1), "seven") if n >= PACKETS // 2}


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_shares_are_what_was_asked(share: float) -> None:
    direction = Direction(Impairment(loss=share, duplicate=share, reorder=share))
    link = Link(direction, "seven")
    for number in range(10_000):
        link.departures(SIZE, number / 1000)
    assert direction.lost == pytest.approx(10_000 * share, rel=0.2)
    left = direction.received - direction.lost
    assert direction.duplicated == pytest.approx(left * share, rel=0.2)
    assert direction.reordered == pytest.approx(left * share, rel=0.2)


def test_delay_and_jitter_keep_the_order_and_their_bounds() -> None:
    direction = Direction(Impairment(delay=0.05, jitter=0.02))
    link = Link(direction, "seven")
    spent = [link.departures(SIZE, number / 10)[0] - number / 10 for number in range(PACKETS)]
    assert 0.05 <= min(spent) < 0.052
    assert 0.068 < max(spent) <= 0.07001
    assert came_out(direction.impairment, "seven") == list(range(PACKETS))


def test_a_packet_that_is_held_back_is_overtaken_by_those_behind() -> None:
    direction = Direction(Impairment(reorder=0.05))
    link = Link(direction, "seven")
    late = {number: link.departures(SIZE, number / 1000)[0] for number in range(PACKETS)}
    held = [number for number, leaves in late.items() if leaves > number / 1000]
    assert len(held) == direction.reordered > 0
    assert all(late[number] == pytest.approx(number / 1000 + HELD_BACK) for number in held)
    order = came_out(direction.impairment, "seven")
    first = held[0]
    assert order.index(first) > order.index(first + int(HELD_BACK * 1000) - 2)


def test_a_rate_lets_through_so_much_and_no_more() -> None:
    direction = Direction(Impairment(rate=100_000, burst=0, queue=20_000))
    link = Link(direction, "seven")
    # One a millisecond is ten times what gets through.
    out = [leaves for number in range(PACKETS) for leaves in link.departures(SIZE, number / 1000)]
    seconds = PACKETS / 1000
    assert len(out) * SIZE == pytest.approx(100_000 * seconds + 20_000, rel=0.02)
    assert direction.overflowed == PACKETS - len(out)
    gaps = [later - earlier for earlier, later in pairwise(out)]
    assert gaps == pytest.approx([SIZE / 100_000] * len(gaps))
    # Nothing waits longer than a full queue takes to empty.
    assert out[-1] - seconds <= 20_000 / 100_000


def test_after_a_pause_a_burst_goes_at_once() -> None:
    direction = Direction(Impairment(rate=100_000, burst=3 * SIZE))
    link = Link(direction, "seven")
    spent = [link.departures(SIZE, 60.0)[0] - 60.0 for _ in range(5)]
    assert spent == pytest.approx([0, 0, 0, 0.01, 0.02])


def test_no_impairment_fills_the_memory() -> None:
    direction = Direction(Impairment(delay=3600))
    direction.waiting_bytes = 8 * 1024 * 1024
    assert Link(direction, "seven").departures(SIZE, 0) == []
    assert direction.overflowed == 1


async def test_without_impairment_everything_passes_in_order() -> None:
    async with (
        peer() as echo,
        UdpRelay(echo.address) as relay,
        peer(relay.address) as client,
    ):
        sent = numbered(200)
        client.send(sent)
        await eventually(lambda: len(client.heard) == len(sent))
        assert client.heard == echo.heard == sent
        assert (relay.up.delivered, relay.down.delivered) == (200, 200)
        assert (relay.up.dropped, relay.down.dropped, relay.up.waiting_bytes) == (0, 0, 0)


async def test_a_run_can_be_had_again_over_real_sockets() -> None:
    runs = []
    for _ in range(2):
        async with (
            peer() as echo,
            UdpRelay(
                echo.address, up=Impairment(loss=0.2), down=Impairment(loss=0.3), seed=7
            ) as relay,
            peer(relay.address) as client,
        ):
            client.send(numbered(200))
            await eventually(lambda: relay.up.received == 200)
            await eventually(lambda: relay.down.received == relay.up.delivered)
            await eventually(lambda: len(client.heard) == relay.down.delivered)
            runs.append((echo.heard, client.heard))
    assert runs[0] == runs[1]
    assert 100 < len(runs[0][0]) < 190
    assert len(runs[0][1]) < len(runs[0][0])


async def test_each_client_has_an_address_and_a_luck_of_its_own() -> None:
    async with (
        peer() as echo,
        UdpRelay(echo.address, up=Impairment(loss=0.5)) as relay,
        peer(relay.address) as first,
        peer(relay.address) as second,
    ):
        for client in (first, second):
            received = relay.up.received
            client.send(numbered(100))
            await eventually(lambda: relay.up.received == received + 100)  # noqa: B023 - asked before the loop goes on
        await eventually(lambda: len(first.heard + second.heard) == relay.up.delivered)
        assert len(echo.sources) == 2
        assert first.heard != second.heard


async def test_each_direction_has_its_own_impairment_and_it_can_change() -> None:
    async with (
        peer() as echo,
        UdpRelay(echo.address, down=Impairment(loss=1.0)) as relay,
        peer(relay.address) as client,
    ):
        client.send(numbered(10))
        await eventually(lambda: relay.down.lost == 10)
        assert len(echo.heard) == 10
        relay.down.impairment = CLEAR
        relay.up.impairment = Impairment(duplicate=1.0)
        client.send([b"now"])
        await eventually(lambda: len(client.heard) == 2)
        assert client.heard == [b"now", b"now"]
        assert relay.up.duplicated == 1


async def test_a_delay_is_waited_for() -> None:
    loop = asyncio.get_running_loop()
    async with (
        peer() as echo,
        UdpRelay(echo.address, up=Impairment(delay=0.05), down=Impairment(delay=0.05)) as relay,
        peer(relay.address) as client,
    ):
        began = loop.time()
        client.send(numbered(5))
        await eventually(lambda: relay.up.waiting_bytes == 5 * 4)
        await eventually(lambda: len(client.heard) == 5)
        assert loop.time() - began >= 0.1
        assert client.heard == numbered(5)
        assert (relay.up.delayed, relay.down.delayed) == (5, 5)


async def test_a_target_that_is_away_is_like_loss() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = taken.getsockname()
    async with UdpRelay(nobody) as relay, peer(relay.address) as client:
        for _ in range(20):
            received = relay.up.received
            client.send([b"hello?"])
            await eventually(lambda: relay.up.received > received)  # noqa: B023 - asked before the loop goes on
        assert client.heard == []


async def test_nothing_stays_open_at_the_end() -> None:
    def open_files() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    before = open_files()
    async with (
        peer() as echo,
        UdpRelay(echo.address, up=Impairment(delay=3600)) as relay,
        peer(relay.address) as client,
    ):
        client.send(numbered(10))
        await eventually(lambda: relay.up.waiting_bytes > 0)
        assert open_files() > before
    assert relay.up.waiting_bytes == 0
    assert open_files() == before
