"""Sockets: who gets in, what happens to bad frames, and why they close."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from api.access import Role
from api.errors import Code, Refusal
from api.keys import BUS
from api.ws import outbox
from api.ws import serving as ws_serving
from api.ws.hub import HUB
from tests.support.clock import VirtualClock
from tests.support.postgres import Postgres
from tests.support.server import Server, serving

PATH = "/ws/notes"


async def heard(ws: aiohttp.ClientWebSocketResponse) -> Any:
    """The next frame."""
    return await ws.receive_json(timeout=10)


async def closed(ws: aiohttp.ClientWebSocketResponse) -> int | None:
    """The code with which the server closes, whatever it says before."""
    async with asyncio.timeout(20):
        while (await ws.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR}:
            pass
    return ws.close_code


def transport_of(ws: aiohttp.ClientWebSocketResponse) -> asyncio.Transport:
    """What a test pauses to read slowly."""
    connection = ws._response.connection
    assert connection is not None
    transport = connection.transport
    assert isinstance(transport, asyncio.Transport)
    return transport


async def works(ws: aiohttp.ClientWebSocketResponse) -> bool:
    await ws.send_json({"type": "ping", "id": "works"})
    return bool(await heard(ws) == {"type": "pong", "reply_to": "works"})


@pytest.mark.parametrize("form", ["header", "query", "subprotocol", "first frame"])
async def test_a_token_may_come_in_four_forms(server: Server, form: str) -> None:
    token = server.sign_in()
    match form:
        case "header":
            ws = await server.connect(PATH, headers={"Authorization": f"Bearer {token}"})
        case "query":
            ws = await server.connect(f"{PATH}/?token={token}")
        case "subprotocol":
            ws = await server.connect(PATH, protocols=("hearth.v1", f"bearer.{token}"))
            assert ws.protocol == "hearth.v1"
        case _:
            ws = await server.connect(PATH)
            await ws.send_json({"type": "auth", "token": token})
    assert await works(ws)
    await ws.close()


@pytest.mark.parametrize(
    ("path", "options"),
    [
        (PATH, {"headers": {"Authorization": "Bearer nonsense"}}),
        (f"{PATH}?token=nonsense", {}),
        (f"{PATH}?token=", {}),
        (PATH, {"protocols": ("hearth.v1", "bearer.nonsense")}),
    ],
)
async def test_a_bad_token_is_refused_at_the_handshake(
    server: Server, path: str, options: dict[str, Any]
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await server.connect(path, **options)
    assert refused.value.status == 401


async def test_a_refused_handshake_has_the_error_body(server: Server) -> None:
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    answered = await server.ask("GET", f"{PATH}?token=nonsense", headers=headers)
    assert (answered.status, answered.code) == (401, "UNAUTHENTICATED")
    parent = server.sign_in(Role.PARENT)
    answered = await server.ask("GET", f"/ws/patient?token={parent}", headers=headers)
    assert (answered.status, answered.code) == (403, "FORBIDDEN")


async def test_a_plain_request_to_a_socket_is_a_bad_request(server: Server) -> None:
    assert (await server.ask("GET", PATH)).code == "BAD_REQUEST"


async def test_pages_of_other_origins_get_no_handshake(server: Server) -> None:
    token = server.sign_in()
    ours = {"Origin": server.url}
    ws = await server.connect(f"{PATH}?token={token}", headers=ours)
    assert await works(ws)
    await ws.close()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await server.connect(f"{PATH}?token={token}", headers={"Origin": "https://evil.example"})
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "first",
    [
        '{"type":"auth","token":"nonsense"}',
        '{"type":"auth"}',
        '{"type":"ping"}',
        "nonsense",
        "[]",
        '{"type":"auth","token":7}',
    ],
)
async def test_a_bad_first_frame_closes_with_4401(server: Server, first: str) -> None:
    ws = await server.connect(PATH)
    await ws.send_str(first)
    assert await closed(ws) == 4401


async def test_the_wrong_role_in_a_first_frame_closes_with_4403(server: Server) -> None:
    ws = await server.connect(PATH)
    await ws.send_json({"type": "auth", "token": server.sign_in(Role.GUEST)})
    assert await closed(ws) == 4403


async def test_a_binary_first_frame_closes_with_1003(server: Server) -> None:
    ws = await server.connect(PATH)
    await ws.send_bytes(b"{}")
    assert await closed(ws) == 1003


async def test_who_has_not_signed_in_yet_hears_of_the_end_too(server: Server) -> None:
    ws = await server.connect(PATH)
    server.app[HUB].closing.set()
    assert await closed(ws) == 1012


async def test_a_token_without_the_protocol_it_belongs_to_is_refused(server: Server) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await server.connect(PATH, protocols=(f"bearer.{server.sign_in()}",))
    assert refused.value.status == 400


async def test_silence_instead_of_a_first_frame_closes_with_4401(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ws_serving, "FIRST_FRAME_SECONDS", 0.05)
    assert await closed(await server.connect(PATH)) == 4401


@pytest.fixture
async def ws(server: Server) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    ws = await server.connect(f"{PATH}?token={server.sign_in()}")
    yield ws
    await ws.close()


async def test_an_answer_names_the_frame_that_it_answers(
    ws: aiohttp.ClientWebSocketResponse,
) -> None:
    for frame_id in ("a", 7, None):
        frame = {"type": "say", "words": "hello"} | ({} if frame_id is None else {"id": frame_id})
        await ws.send_json(frame)
        answer = await heard(ws)
        assert answer["type"] == "said"
        assert answer["words"] == "hello"
        assert answer.get("reply_to") == frame_id


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("nonsense", Code.VALIDATION_FAILED),
        ("", Code.VALIDATION_FAILED),
        ("[]", Code.VALIDATION_FAILED),
        ("null", Code.VALIDATION_FAILED),
        ('{"words":"x"}', Code.VALIDATION_FAILED),
        ('{"type":7}', Code.VALIDATION_FAILED),
        ('{"type":"no:such"}', Code.BAD_REQUEST),
        ('{"type":"say"}', Code.VALIDATION_FAILED),
        ('{"type":"say","words":7}', Code.VALIDATION_FAILED),
        ('{"type":"say","words":"x","colour":"red"}', Code.VALIDATION_FAILED),
        ('{"type":"say","words":"x","id":{}}', Code.VALIDATION_FAILED),
        ('{"type":"say","words":"a\\u0000b"}', Code.VALIDATION_FAILED),
        ('{"type":"say","words":"refuse me"}', Code.FORBIDDEN),
        ('{"type":"say","words":"break"}', Code.INTERNAL),
        ("[" * 30_000, Code.VALIDATION_FAILED),
        ('{"type":' * 5000, Code.VALIDATION_FAILED),
    ],
)
async def test_a_bad_frame_is_answered_and_the_socket_stays(
    ws: aiohttp.ClientWebSocketResponse, frame: str, code: Code
) -> None:
    await ws.send_str(frame)
    answer = await heard(ws)
    assert answer["type"] == "error"
    assert answer["error"]["code"] == code
    assert answer["error"]["message"]
    assert await works(ws)


async def test_an_error_names_its_frame_too(ws: aiohttp.ClientWebSocketResponse) -> None:
    await ws.send_json({"type": "say", "id": "f1"})
    answer = await heard(ws)
    assert (answer["type"], answer["reply_to"]) == ("error", "f1")
    assert answer["error"]["details"][0]["field"] == "words"


async def test_an_odd_frame_id_is_named_once(ws: aiohttp.ClientWebSocketResponse) -> None:
    for odd in ("{}", "true", "1.5", f'"{"x" * 129}"', "9" * 5000):
        await ws.send_str(f'{{"type":"ping","id":{odd}}}')
        answer = await heard(ws)
        assert answer["error"]["code"] == "VALIDATION_FAILED", odd
    assert await works(ws)


async def test_too_large_a_frame_closes_with_1009(ws: aiohttp.ClientWebSocketResponse) -> None:
    await ws.send_str("x" * (64 * 1024 + 1))
    assert await closed(ws) == 1009


async def test_a_frame_of_64_kib_is_read(ws: aiohttp.ClientWebSocketResponse) -> None:
    frame = json.dumps({"type": "say", "words": ""})
    await ws.send_str(frame + " " * (64 * 1024 - len(frame)))
    assert (await heard(ws))["error"]["code"] == "VALIDATION_FAILED"


async def test_a_binary_frame_closes_with_1003(ws: aiohttp.ClientWebSocketResponse) -> None:
    await ws.send_bytes(b'{"type":"ping"}')
    assert await closed(ws) == 1003


async def test_what_is_not_utf_8_closes_with_1007(ws: aiohttp.ClientWebSocketResponse) -> None:
    await ws.send_frame(b'{"type":"\xff\xfe"}', WSMsgType.TEXT)
    assert await closed(ws) == 1007


async def test_over_the_limit_a_frame_is_refused_and_dropped(
    ws: aiohttp.ClientWebSocketResponse,
) -> None:
    for _ in range(60):
        await ws.send_json({"type": "say", "words": "x"})
        assert (await heard(ws))["type"] == "said"
    await ws.send_json({"type": "say", "words": "x", "id": 61})
    answer = await heard(ws)
    assert answer["error"]["code"] == "RATE_LIMITED"
    assert answer["reply_to"] == 61
    assert await works(ws)


@pytest.fixture
async def timed(
    postgres: Postgres, database_with_notes: str, tmp_path: Path
) -> AsyncIterator[tuple[Server, VirtualClock]]:
    """A server whose time is the test's."""
    clock = VirtualClock()
    url = postgres.application_url(database_with_notes)
    async with serving(url, tmp_path, clock=clock) as server:
        yield server, clock


async def test_a_flood_of_five_seconds_closes_with_4429(
    timed: tuple[Server, VirtualClock],
) -> None:
    server, clock = timed
    ws = await server.connect(f"{PATH}?token={server.sign_in()}")
    for second in range(5):
        for number in range(101):
            if second == 4 and number == 100:
                await ws.send_str('{"type":"ping"}')
                assert await closed(ws) == 4429
                return
            await ws.send_str('{"type":"ping"}')
            assert (await heard(ws))["type"] == "pong"
        await clock.advance(1)


async def test_pings_are_frames_and_a_flood_of_them_is_one(
    timed: tuple[Server, VirtualClock],
) -> None:
    server, clock = timed
    ws = await server.connect(f"{PATH}?token={server.sign_in()}", autoping=False)
    for _ in range(5):
        for _ in range(101):
            await ws.ping()
            message = await ws.receive()
            if message.type is not WSMsgType.PONG:
                assert ws.close_code == 4429
                return
        await clock.advance(1)
    raise AssertionError("it may go on for ever")


async def test_endless_empty_fragments_are_cut_off(server: Server) -> None:
    ws = await server.connect(f"{PATH}?token={server.sign_in()}")
    transport = transport_of(ws)
    # Masked, as a client has to: a text that begins, and then nothing of it again and again.
    transport.write(b"\x01\x80\0\0\0\0")
    async with asyncio.timeout(20):
        while not transport.is_closing():
            transport.write(b"\x00\x80\0\0\0\0" * 1000)
            await asyncio.sleep(0)
    await ws.close()


async def test_a_hundred_a_second_may_go_on_for_ever(timed: tuple[Server, VirtualClock]) -> None:
    server, clock = timed
    ws = await server.connect(f"{PATH}?token={server.sign_in()}")
    for _ in range(8):
        for _ in range(100):
            await ws.send_str('{"type":"ping"}')
            assert (await heard(ws))["type"] == "pong"
        await clock.advance(1)
    await ws.close()


async def test_a_token_that_ends_closes_the_socket_a_minute_later(
    timed: tuple[Server, VirtualClock],
) -> None:
    server, clock = timed
    token = server.sign_in(expires_at=clock.now() + timedelta(minutes=15))
    ws = await server.connect(f"{PATH}?token={token}")
    await clock.advance(15 * 60 + 58)
    assert await works(ws)
    await clock.advance(4)
    assert await closed(ws) == 4401


async def test_a_fresh_token_keeps_the_socket_open(timed: tuple[Server, VirtualClock]) -> None:
    server, clock = timed
    token = server.sign_in(expires_at=clock.now() + timedelta(minutes=15))
    user_id = server.people.viewer_of(token).user_id
    ws = await server.connect(f"{PATH}?token={token}")
    fresh = server.sign_in(user_id=user_id, expires_at=clock.now() + timedelta(minutes=60))
    await ws.send_json({"type": "auth", "token": fresh})
    assert await works(ws)
    await clock.advance(20 * 60)
    assert await works(ws)
    await ws.close()


async def test_a_client_that_knows_no_auth_stays_as_long_as_its_session(
    timed: tuple[Server, VirtualClock],
) -> None:
    server, clock = timed
    token = server.sign_in(Role.ADMIN, expires_at=clock.now() + timedelta(minutes=15))
    ws = await server.connect(f"/ws/patient?token={token}")
    await clock.advance(60 * 60)
    assert await works(ws)
    server.people.end(token)
    await clock.advance(2)
    assert await closed(ws) == 4401


async def test_somebody_elses_token_closes_at_once(
    server: Server, ws: aiohttp.ClientWebSocketResponse
) -> None:
    await ws.send_json({"type": "auth", "token": server.sign_in()})
    assert await closed(ws) == 4401


@pytest.mark.parametrize(
    ("code", "close_code"), [(Code.UNAUTHENTICATED, 4401), (Code.SUSPENDED, 4403)]
)
async def test_who_loses_their_standing_loses_the_open_socket(
    timed: tuple[Server, VirtualClock], code: Code, close_code: int
) -> None:
    server, clock = timed
    leaving, staying = server.sign_in(), server.sign_in()
    gone = await server.connect(f"{PATH}?token={leaving}")
    here = await server.connect(f"{PATH}?token={staying}")
    server.people.end(leaving, Refusal("You may not be here.", code))
    await clock.advance(2)
    assert await closed(gone) == close_code
    assert await works(here)
    await here.close()


async def test_a_change_of_standing_is_acted_on_without_waiting_for_the_clock(
    timed: tuple[Server, VirtualClock],
) -> None:
    server, _ = timed
    token = server.sign_in()
    user_id = server.people.viewer_of(token).user_id
    ws = await server.connect(f"{PATH}?token={token}")
    assert await works(ws)
    server.people.end(token)
    await server.app[BUS].publish(f"user:{user_id}", {"type": "standing"})
    assert await closed(ws) == 4401


async def test_who_reads_too_slowly_is_cut_off_and_nobody_else_waits(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ws_serving, "PATIENCE_SECONDS", 0.5)
    slow = await server.connect(f"{PATH}?token={server.sign_in()}")
    swift = await server.connect(f"{PATH}?token={server.sign_in()}")
    # 200 bytes a thousand times over, forty times: more than the kernel's buffers and ours hold.
    transport = transport_of(slow)
    transport.pause_reading()
    for _ in range(100):
        await slow.send_json({"type": "say:often", "words": "x" * 200})
    assert await works(swift)
    async with asyncio.timeout(10):
        while len(server.app[HUB]) > 1:
            assert await works(swift)
    transport.resume_reading()
    await closed(slow)
    await swift.close()


async def test_a_slow_reader_who_wakes_up_hears_why(server: Server) -> None:
    slow = await server.connect(f"{PATH}?token={server.sign_in()}")
    transport = transport_of(slow)
    transport.pause_reading()
    for _ in range(100):
        await slow.send_json({"type": "say:often", "words": "x" * 200})
    transport.resume_reading()
    assert await closed(slow) == 4408


async def test_what_waits_for_a_socket_is_bounded() -> None:
    box = outbox.Outbox(limit=100)
    for _ in range(1000):
        box.put(b"x" * 30)
    assert box.waiting_bytes <= 100
    assert box.closing is not None
    assert box.closing.code == 4408
