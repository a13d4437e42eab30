"""A connection without a network: what it sends is a list."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy.engine import make_url

from api.access import Role, Viewer
from api.app import frame
from api.keys import AUTHENTICATOR, RATE_LIMITS, SETTINGS
from api.ratelimits import AUTH, MESSAGES, RateLimits
from api.settings.declare import Catalogue
from api.settings.live import LiveSettings
from api.ws.closing import CloseCode
from api.ws.connection import Connection
from api.ws.flood import FloodMeter
from api.ws.outbox import Closing, Outbox
from store.limits.local import LocalLimits
from tests.specimen.commands import socket
from tests.support.clock import VirtualClock
from tests.support.people import People
from tests.support.server import configure


@pytest.fixture
def app(tmp_path: Path) -> web.Application:
    nowhere = make_url("postgresql://nowhere/x")
    app = frame(configure(nowhere, tmp_path), VirtualClock(), [], [])
    app[SETTINGS] = LiveSettings(Catalogue([AUTH, MESSAGES]))
    app[RATE_LIMITS] = RateLimits(LocalLimits(), LocalLimits(), app[SETTINGS])
    app[AUTHENTICATOR] = People()
    return app


class Wire:
    """The two callables that a connection is given, and what came through them."""

    def __init__(self, app: web.Application, role: Role = Role.PARENT) -> None:
        self.sent: list[bytes] = []
        self.closed: list[tuple[CloseCode, str]] = []
        self.connection = Connection(
            app,
            socket,
            Viewer(role, "s1", "u1"),
            address="192.0.2.1",
            send=self.sent.append,
            close=lambda code, reason: self.closed.append((code, reason)),
        )

    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.sent]


async def test_a_command_is_answered_through_the_callable_it_was_given(
    app: web.Application,
) -> None:
    wire = Wire(app)
    await wire.connection.receive('{"type":"say","words":"hello","id":1}')
    assert wire.frames() == [{"type": "said", "reply_to": 1, "words": "hello"}]


@pytest.mark.parametrize(
    "frame",
    [
        '{"id":7}',
        '{"type":7,"id":7}',
        '{"type":null,"id":7}',
        f'{{"type":"{"x" * 65}","id":7}}',
        '{"type":"no:such","id":7}',
        '{"type":"say","words":"a\\u0000b","id":7}',
        '{"id":7,"type":"\\u0000"}',
    ],
)
async def test_a_refused_frame_is_named_whatever_else_is_wrong_with_it(
    app: web.Application, frame: str
) -> None:
    wire = Wire(app)
    await wire.connection.receive(frame)
    (answer,) = wire.frames()
    assert (answer["type"], answer["reply_to"]) == ("error", 7)


@pytest.mark.parametrize(
    "frame", ["nonsense", "[7]", '{"type":"ping","id":[7]}', '{"type":"ping","id":true}', '{"id":7']
)
async def test_a_frame_without_an_id_that_can_be_read_is_refused_without_one(
    app: web.Application, frame: str
) -> None:
    wire = Wire(app)
    await wire.connection.receive(frame)
    (answer,) = wire.frames()
    assert answer["type"] == "error"
    assert "reply_to" not in answer


async def test_a_bad_token_in_an_auth_frame_closes(app: web.Application) -> None:
    wire = Wire(app)
    await wire.connection.receive('{"type":"auth","token":"nonsense"}')
    assert [code for code, _ in wire.closed] == [CloseCode.UNAUTHENTICATED]
    assert wire.sent == []


def test_a_flood_is_five_full_seconds_in_a_row() -> None:
    meter = FloodMeter()
    for second in (0, 1, 2, 3, 5, 6, 7, 8):
        assert not any(meter.overflows(second + n / 1000) for n in range(150))
    assert any(meter.overflows(9 + n / 1000) for n in range(150))


async def test_an_outbox_gives_frames_in_order_and_then_the_goodbye() -> None:
    box = Outbox()
    box.put(b"1")
    box.put(b"2")
    box.close(CloseCode.RESTARTING, "later")
    box.put(b"too late")
    taken = []
    while not isinstance(item := await box.take(), Closing):
        taken.append(item)
        box.sent()
    assert taken == [b"1", b"2"]
    assert item == Closing(CloseCode.RESTARTING, "later")
    assert box.waiting_bytes == 0


async def test_the_first_goodbye_is_the_one_that_counts() -> None:
    box = Outbox()
    box.close(CloseCode.TOO_SLOW, "slow")
    box.close(CloseCode.RESTARTING, "later")
    assert box.closing == Closing(CloseCode.TOO_SLOW, "slow")
