import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from structlog.testing import capture_logs

from store.bus import LARGEST_MESSAGE, Bus, Message, MessageTooLarge
from store.bus.local import LocalBus
from store.bus.redis import RedisBus
from store.clock import SystemClock
from store.redis import SharedRedis
from tests.support.clock import VirtualClock
from tests.support.redis import RedisServer
from tests.support.waiting import eventually

CLOCK = SystemClock()


@pytest.fixture(params=["local", "redis"])
async def bus(request: pytest.FixtureRequest, redis: SharedRedis) -> AsyncIterator[Bus]:
    if request.param == "local":
        yield LocalBus()
        return
    async with RedisBus(redis, "aaa111", CLOCK) as bus:
        yield bus


@pytest.fixture
async def one(redis: SharedRedis) -> AsyncIterator[RedisBus]:
    async with RedisBus(redis, "aaa111", CLOCK) as bus:
        yield bus


@pytest.fixture
async def other(second_redis: SharedRedis) -> AsyncIterator[RedisBus]:
    async with RedisBus(second_redis, "bbb222", CLOCK) as bus:
        yield bus


async def test_a_subscriber_has_the_message_before_publish_returns(bus: Bus) -> None:
    heard: list[Message] = []
    await bus.subscribe("conversation:c_1", heard.append)
    await bus.publish("conversation:c_1", {"seq": 7})
    assert heard == [Message("conversation:c_1", {"seq": 7})]


async def test_every_subscriber_of_a_topic_hears_it_and_no_other(bus: Bus) -> None:
    first: list[Message] = []
    second: list[Message] = []
    elsewhere: list[Message] = []
    await bus.subscribe("user:u_1", first.append)
    await bus.subscribe("user:u_1", second.append)
    await bus.subscribe("user:u_2", elsewhere.append)
    await bus.publish("user:u_1", {"type": "standing"})
    assert first == second == [Message("user:u_1", {"type": "standing"})]
    assert elsewhere == []


async def test_a_closed_subscription_hears_nothing_and_the_others_still_do(bus: Bus) -> None:
    closed: list[Message] = []
    kept: list[Message] = []
    subscription = await bus.subscribe("settings", closed.append)
    await bus.subscribe("settings", kept.append)
    await subscription.close()
    await subscription.close()
    await bus.publish("settings", {"version": 2})
    assert closed == []
    assert len(kept) == 1


async def test_a_subscription_ends_with_its_block(bus: Bus) -> None:
    heard: list[Message] = []
    async with await bus.subscribe("settings", heard.append):
        await bus.publish("settings", {"version": 2})
    await bus.publish("settings", {"version": 3})
    assert [message.body for message in heard] == [{"version": 2}]


async def test_a_failing_handler_is_logged_and_hurts_nobody(bus: Bus) -> None:
    def fail(_: Message) -> None:
        raise RuntimeError("a bug")

    heard: list[Message] = []
    await bus.subscribe("settings", fail)
    await bus.subscribe("settings", heard.append)
    with capture_logs() as logs:
        await bus.publish("settings", {})
    assert len(heard) == 1
    assert [line["event"] for line in logs] == ["bus_handler_failed"]


async def test_a_message_is_json_even_within_one_process(bus: Bus) -> None:
    heard: list[Message] = []
    await bus.subscribe("node:n", heard.append)
    names = ["a", "b"]
    await bus.publish("node:n", {"pair": (1, 2), "names": names, "odd": "\ud83d"})
    names.append("c")
    assert heard[0].body == {"pair": [1, 2], "names": ["a", "b"], "odd": "\ud83d"}


async def test_what_is_not_json_is_refused_at_the_publisher(bus: Bus) -> None:
    unfit: dict[str, Any] = {"when": object()}
    with pytest.raises(TypeError):
        await bus.publish("node:n", unfit)
    with pytest.raises(ValueError, match="JSON compliant"):
        await bus.publish("node:n", {"level": float("nan")})


async def test_a_message_too_large_is_refused_before_anybody_hears_it(bus: Bus) -> None:
    heard: list[Message] = []
    await bus.subscribe("node:n", heard.append)
    with pytest.raises(MessageTooLarge, match=r"node:n.*65,536"):
        await bus.publish("node:n", {"sdp": "v" * LARGEST_MESSAGE})
    await bus.publish("node:n", {"sdp": "v" * (LARGEST_MESSAGE - 100)})
    assert len(heard) == 1


async def test_a_message_reaches_the_other_servers(one: RedisBus, other: RedisBus) -> None:
    heard: list[Message] = []
    await one.subscribe("room:kitchen: table", heard.append)
    await other.publish("room:kitchen: table", {"seq": 1})
    await eventually(lambda: heard == [Message("room:kitchen: table", {"seq": 1})])


async def test_a_thousand_messages_arrive_in_their_order(one: RedisBus, other: RedisBus) -> None:
    heard: list[object] = []
    await one.subscribe("user:u_1", lambda message: heard.append(message.body["seq"]))
    for seq in range(1000):
        await other.publish("user:u_1", {"seq": seq})
    await eventually(lambda: len(heard) == 1000)
    assert heard == list(range(1000))


async def test_a_server_ignores_its_own_echo(one: RedisBus, redis: SharedRedis) -> None:
    heard: list[Message] = []
    await one.subscribe("settings", heard.append)
    await one.publish("settings", {"version": 2})
    # Redis answers in order: with the answer to this one, the echo has been read as well.
    await one.subscribe("user:u_1", heard.append)
    assert len(heard) == 1


async def test_the_channel_is_the_topic_and_the_envelope_names_the_server(
    one: RedisBus, redis: SharedRedis
) -> None:
    heard: list[Message] = []
    await one.subscribe("room:kitchen", heard.append)
    assert await redis.run("PUBSUB", "CHANNELS") == ["room:kitchen"]
    foreign = {"srv": "ccc333", "body": {"seq": 4}}
    await redis.run("PUBLISH", "room:kitchen", json.dumps(foreign))
    await eventually(lambda: heard == [Message("room:kitchen", {"seq": 4})])


@pytest.mark.parametrize("garbage", ["", "{", "[]", '{"srv": 1, "body": {}}', "grüß dich"])
async def test_garbage_in_a_channel_is_passed_over(
    one: RedisBus, other: RedisBus, redis: SharedRedis, garbage: str
) -> None:
    heard: list[Message] = []
    await one.subscribe("settings", heard.append)
    with capture_logs() as logs:
        await redis.run("PUBLISH", "settings", garbage)
        await other.publish("settings", {"version": 2})
        await eventually(lambda: [message.body for message in heard] == [{"version": 2}])
    assert [line["event"] for line in logs] == ["bus_message_unreadable"]


async def test_ten_thousand_topics_share_one_connection(
    one: RedisBus, other: RedisBus, redis: SharedRedis
) -> None:
    heard: list[str] = []
    async with AsyncExitStack() as subscriptions:
        for subscription in await asyncio.gather(
            *(
                one.subscribe(f"conversation:{i}", lambda message: heard.append(message.topic))
                for i in range(10_000)
            )
        ):
            await subscriptions.enter_async_context(subscription)
        assert len(await redis.run("PUBSUB", "CHANNELS")) == 10_000
        listening: str = await redis.run("CLIENT", "LIST", "TYPE", "PUBSUB")
        assert len(listening.splitlines()) == 1
        await other.publish("conversation:9999", {})
        await eventually(lambda: heard == ["conversation:9999"])
    await one.subscribe("settings", lambda _: None)
    assert await redis.run("PUBSUB", "CHANNELS") == ["settings"]


async def test_a_topic_is_left_with_its_last_subscriber(one: RedisBus, redis: SharedRedis) -> None:
    first = await one.subscribe("settings", lambda _: None)
    second = await one.subscribe("settings", lambda _: None)
    await first.close()
    await one.subscribe("user:u_1", lambda _: None)
    assert sorted(await redis.run("PUBSUB", "CHANNELS")) == ["settings", "user:u_1"]
    await second.close()
    await one.subscribe("user:u_2", lambda _: None)
    assert sorted(await redis.run("PUBSUB", "CHANNELS")) == ["user:u_1", "user:u_2"]


async def test_after_a_restart_everything_is_heard_again_and_readers_are_told(
    one: RedisBus, other: RedisBus, redis_server: RedisServer
) -> None:
    heard: list[Message] = []
    told: list[str] = []
    one.on_reconnect(lambda: told.append("one"))
    other.on_reconnect(lambda: told.append("other"))
    await one.subscribe("user:u_1", heard.append)
    with capture_logs() as logs:
        await redis_server.restarted()
        await eventually(lambda: sorted(told) == ["one", "other"])
    await other.publish("user:u_1", {"seq": 2})
    await eventually(lambda: len(heard) == 1)
    assert [line["event"] for line in logs].count("bus_cut_off") == 2


async def test_a_failing_callback_does_not_keep_the_others_from_being_told(
    one: RedisBus, redis_server: RedisServer
) -> None:
    def fail() -> None:
        raise RuntimeError("a bug")

    told: list[None] = []
    one.on_reconnect(fail)
    one.on_reconnect(lambda: told.append(None))
    with capture_logs():
        await redis_server.restarted()
        await eventually(lambda: len(told) == 1)


async def test_without_redis_this_server_still_hears_itself(
    one: RedisBus, redis_server: RedisServer
) -> None:
    heard: list[Message] = []
    await one.subscribe("settings", heard.append)
    with capture_logs() as logs:
        await redis_server.stopped()
        await eventually(lambda: bool(logs))
        for version in range(50):
            await one.publish("settings", {"version": version})
    assert len(heard) == 50
    assert one.missed_by_others == 50
    assert [line["event"] for line in logs] == ["bus_cut_off"]


async def test_a_subscription_made_during_an_outage_is_taken_up_after_it(
    one: RedisBus, other: RedisBus, redis_server: RedisServer
) -> None:
    heard: list[Message] = []
    told: list[str] = []
    one.on_reconnect(lambda: told.append("one"))
    other.on_reconnect(lambda: told.append("other"))
    with capture_logs():
        await redis_server.stopped()
        await one.subscribe("user:u_1", heard.append)
        await redis_server.started()
        await eventually(lambda: sorted(told) == ["one", "other"])
    await other.publish("user:u_1", {"seq": 1})
    await eventually(lambda: len(heard) == 1)


async def test_a_server_may_start_before_redis_does(redis_server: RedisServer) -> None:
    told: list[None] = []
    await redis_server.stopped()
    async with SharedRedis(redis_server.url, CLOCK) as redis:
        with capture_logs():
            async with RedisBus(redis, "aaa111", CLOCK) as bus:
                bus.on_reconnect(lambda: told.append(None))
                await redis_server.started()
                await eventually(lambda: len(told) == 1)


async def test_a_redis_that_stops_answering_is_left_and_found_again(
    redis: SharedRedis, redis_server: RedisServer
) -> None:
    clock = VirtualClock()
    told: list[None] = []
    async with RedisBus(redis, "aaa111", clock) as bus:
        bus.on_reconnect(lambda: told.append(None))
        with capture_logs() as logs:
            redis_server.freeze()
            try:
                subscribing = asyncio.create_task(bus.subscribe("user:u_1", lambda _: None))
                # One ping may have been answered just before; the second can't be.
                await clock.advance(2)
                await clock.advance(2)
                await subscribing
            finally:
                redis_server.thaw()
            assert [line["event"] for line in logs] == ["bus_cut_off"]

            async with asyncio.timeout(30):
                while not told:
                    await clock.advance(0.1)
        assert await redis.run("PUBSUB", "CHANNELS") == ["user:u_1"]


async def test_a_stuck_redis_never_lets_the_queue_grow_without_bound(
    one: RedisBus, redis_server: RedisServer
) -> None:
    redis_server.freeze()
    try:
        for _ in range(300):
            await one.publish("node:n", {"sdp": "v" * 60_000})
    finally:
        redis_server.thaw()
    # 300 of them are 18 MB; only some four may wait.
    assert one.missed_by_others > 200


async def test_a_server_can_stop_while_redis_is_stuck(
    redis: SharedRedis, redis_server: RedisServer
) -> None:
    try:
        async with asyncio.timeout(30), RedisBus(redis, "aaa111", CLOCK) as bus:
            redis_server.freeze()
            for _ in range(50):
                await bus.publish("node:n", {"sdp": "v" * 60_000})
    finally:
        redis_server.thaw()


async def test_what_was_announced_last_still_leaves_before_the_server_does(
    other: RedisBus, redis: SharedRedis
) -> None:
    heard: list[Message] = []
    await other.subscribe("settings", heard.append)
    async with RedisBus(redis, "aaa111", CLOCK) as leaving:
        for version in range(100):
            await leaving.publish("settings", {"version": version})
    await eventually(lambda: len(heard) == 100)


@pytest.mark.parametrize("turns", range(6))
async def test_a_server_can_stop_in_the_middle_of_an_outage(
    redis_server: RedisServer, turns: int
) -> None:
    async with SharedRedis(redis_server.url, CLOCK) as redis:
        with capture_logs():
            async with asyncio.timeout(30), RedisBus(redis, "aaa111", CLOCK) as bus:
                await bus.subscribe("settings", lambda _: None)
                await redis_server.stopped()
                for _ in range(turns):
                    await asyncio.sleep(0)


async def test_a_cancelled_subscriber_leaves_nothing_behind(
    one: RedisBus, redis: SharedRedis, redis_server: RedisServer
) -> None:
    redis_server.freeze()
    try:
        subscribing = asyncio.create_task(one.subscribe("user:u_1", lambda _: None))
        await asyncio.sleep(0)
        subscribing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await subscribing
    finally:
        redis_server.thaw()
    await one.subscribe("settings", lambda _: None)
    assert await redis.run("PUBSUB", "CHANNELS") == ["settings"]
