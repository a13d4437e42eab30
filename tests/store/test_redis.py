import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from store.clock import SystemClock
from store.outage import Outage
from store.redis import RedisDown, Script, SharedRedis, WrongRedisUrl
from tests.support.clock import VirtualClock
from tests.support.redis import PATIENCE, RedisServer

SECRET = "open/sesame"
ECHO = Script("return {KEYS[1], ARGV[1]}")


@pytest.fixture(scope="module")
def locked_redis_server() -> Iterator[RedisServer]:
    with (
        tempfile.TemporaryDirectory(prefix="hearth-") as folder,
        RedisServer(Path(folder), password=SECRET) as server,
    ):
        yield server


async def test_a_script_runs_although_redis_has_never_seen_or_has_forgotten_it(
    redis: SharedRedis,
) -> None:
    assert await redis.call(ECHO, ["k"], ["a"]) == ["k", "a"]
    await redis.run("SCRIPT", "FLUSH")
    assert await redis.call(ECHO, ["k"], [1]) == ["k", "1"]


async def test_a_burst_waits_for_its_turn_and_all_of_it_is_answered(redis: SharedRedis) -> None:
    answers = await asyncio.gather(*(redis.run("INCR", "n") for _ in range(500)))
    assert sorted(answers) == list(range(1, 501))
    clients: str = await redis.run("CLIENT", "LIST")
    assert len(clients.splitlines()) < 50


async def test_an_outage_is_told_once_and_its_end_too(redis_server: RedisServer) -> None:
    clock = VirtualClock()
    async with SharedRedis(redis_server.url, clock, patience=PATIENCE, rest=1) as redis:
        await redis.check()
        with capture_logs() as logs:
            await redis_server.stopped()
            for _ in range(3):
                with pytest.raises(RedisDown, match=r"Start it, or correct REDIS_URL"):
                    await redis.run("PING")
                await clock.advance(1)
            await redis_server.started()
            await redis.run("PING")
        assert [line["event"] for line in logs] == ["redis_lost", "redis_back"]


async def test_after_a_failure_calls_fail_at_once_and_one_a_second_looks(
    redis_server: RedisServer,
) -> None:
    clock = VirtualClock()
    async with SharedRedis(redis_server.url, clock, patience=PATIENCE, rest=1) as redis:
        await redis_server.stopped()
        with pytest.raises(RedisDown):
            await redis.run("PING")
        await redis_server.started()
        # It is back, but nobody has looked yet.
        with pytest.raises(RedisDown, match="a moment ago"):
            await redis.run("PING")
        await clock.advance(1)
        assert await redis.run("SET", "k", "v")
        assert await redis.run("GET", "k") == "v"


async def test_a_health_check_always_looks_and_ends_the_rest(redis_server: RedisServer) -> None:
    async with SharedRedis(redis_server.url, VirtualClock(), patience=PATIENCE) as redis:
        await redis_server.stopped()
        with pytest.raises(Outage):
            await redis.check()
        await redis_server.started()
        await redis.check()
        assert await redis.run("DBSIZE") == 0


async def test_a_restart_between_two_calls_goes_unnoticed(
    redis: SharedRedis, redis_server: RedisServer
) -> None:
    await asyncio.gather(*(redis.run("PING") for _ in range(10)))
    await redis_server.restarted()
    assert await redis.run("DBSIZE") == 0


async def test_a_redis_that_answers_and_refuses_is_away_too_but_not_avoided(
    redis: SharedRedis,
) -> None:
    await redis.run("CONFIG", "SET", "maxmemory", "1")
    try:
        with capture_logs() as logs:
            for attempt in (redis.run("SET", "k", "v"), redis.check()):
                with pytest.raises(RedisDown, match="refused to work"):
                    await attempt
        assert [line["event"] for line in logs] == ["redis_refused"]
    finally:
        await redis.run("CONFIG", "SET", "maxmemory", "0")
    assert await redis.run("SET", "k", "v")


async def test_a_cancelled_call_leaves_its_connection_fit_for_the_next(
    redis: SharedRedis, redis_server: RedisServer
) -> None:
    redis_server.freeze()
    try:
        calls = [asyncio.create_task(redis.run("ECHO", "old")) for _ in range(20)]
        _, unanswered = await asyncio.wait(calls, timeout=0.05)
        for call in unanswered:
            call.cancel()
        await asyncio.wait(unanswered)
    finally:
        redis_server.thaw()
    assert await asyncio.gather(*(redis.run("ECHO", f"{i}") for i in range(40))) == [
        f"{i}" for i in range(40)
    ]


async def test_a_password_opens_and_a_wrong_one_is_never_repeated(
    locked_redis_server: RedisServer,
) -> None:
    url = locked_redis_server.url
    async with SharedRedis(
        f"{url}?password=open%2Fsesame", SystemClock(), patience=PATIENCE
    ) as redis:
        await redis.check()
        assert SECRET not in repr(redis)
    async with SharedRedis(
        f"{url}?password=hunter2-secret", SystemClock(), patience=PATIENCE
    ) as redis:
        with capture_logs() as logs, pytest.raises(RedisDown) as refused:
            await redis.run("PING")
        told = [repr(redis), str(refused.value), repr(refused.value), str(logs)]
        assert not any("hunter2" in text for text in told)
        assert any("invalid username-password" in text for text in told)


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://localhost", "redis://:pa/hunter2@localhost:6379"]
)
async def test_a_wrong_address_is_explained_and_never_repeated(url: str) -> None:
    with pytest.raises(WrongRedisUrl, match="REDIS_URL must look like") as wrong:
        SharedRedis(url, SystemClock())
    assert wrong.value.__cause__ is None
    assert "pa" not in str(wrong.value).replace("password", "").replace("path", "")


@pytest.mark.parametrize(
    "url", ["redis://localhost?protocol=2&socket_timeout=9", "redis://u:12?hunter2=x@localhost"]
)
async def test_an_address_cannot_change_what_the_server_relies_on(url: str) -> None:
    with pytest.raises(WrongRedisUrl, match="may set db, username, password and ssl_") as wrong:
        SharedRedis(url, SystemClock())
    assert "hunter2" not in str(wrong.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://:secret@redis.internal:6380/2", "redis.internal:6380"),
        ("rediss://u:p@redis.internal?ssl_ca_certs=/etc/ca.pem", "redis.internal:6379"),
        ("unix:///run/redis.sock?db=1", "/run/redis.sock"),
    ],
)
async def test_logs_name_the_place_and_nothing_else(url: str, place: str) -> None:
    async with SharedRedis(url, SystemClock()) as redis:
        assert redis.place == place
