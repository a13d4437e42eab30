"""A request that is sent twice happens once."""

import asyncio
import contextlib
from datetime import timedelta

from store import idempotency
from store.database import Database
from tests.specimen import notes
from tests.support.server import Answered, Server


async def write(server: Server, token: str, key: str, words: str = "x") -> Answered:
    return await server.ask(
        "POST", "/notes", token=token, json={"words": words}, headers={"Idempotency-Key": key}
    )


async def test_the_second_request_gets_the_first_answer(server: Server) -> None:
    token = server.sign_in()
    first = await write(server, token, "k1")
    second = await write(server, token, "k1")
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body


async def test_a_request_without_a_body_happens_once_too(server: Server) -> None:
    async def write_blank(key: str) -> Answered:
        headers = {"Idempotency-Key": key}
        return await server.ask("POST", "/notes/blank", token=token, headers=headers)

    token = server.sign_in()
    first, again, other = [await write_blank(key) for key in ("k1", "k1", "k2")]
    assert (first.status, again.status, other.status) == (201, 201, 201)
    assert again.body == first.body
    assert other.body["id"] != first.body["id"]
    assert (await write_blank("")).code == "BAD_REQUEST"


async def test_another_key_and_another_user_make_another_thing(server: Server) -> None:
    token = server.sign_in()
    made = {
        (await write(server, token, "k1")).body["id"],
        (await write(server, token, "k2")).body["id"],
        (await write(server, server.sign_in(), "k1")).body["id"],
    }
    assert len(made) == 3


async def test_a_trailing_slash_is_the_same_path(server: Server) -> None:
    token = server.sign_in()
    first = await write(server, token, "k1")
    again = await server.ask(
        "POST", "/notes/", token=token, json={"words": "x"}, headers={"Idempotency-Key": "k1"}
    )
    assert again.body == first.body


async def test_the_same_key_with_another_body_is_a_mismatch(server: Server) -> None:
    token = server.sign_in()
    await write(server, token, "k1", "one")
    answered = await write(server, token, "k1", "two")
    assert (answered.status, answered.code) == (422, "IDEMPOTENCY_MISMATCH")


async def test_a_refused_request_does_not_use_its_key_up(server: Server) -> None:
    token = server.sign_in()
    assert (await write(server, token, "k1", "")).status == 400
    assert (await write(server, token, "k1", "x")).status == 201


async def test_requests_at_once_make_one_thing(server: Server) -> None:
    token = server.sign_in()
    answers = await asyncio.gather(*(write(server, token, "k1", "at once") for _ in range(20)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.body["id"] for answer in answers if answer.status == 201}) == 1
    listed = await server.ask("GET", "/notes?limit=200", token=token)
    assert [note["words"] for note in listed.body["items"]].count("at once") == 1
    assert (await write(server, token, "k1", "at once")).status == 201


async def test_while_the_first_is_running_the_second_is_a_conflict(
    server: Server, database: Database
) -> None:
    token = server.sign_in()
    user_id = server.people.viewer_of(token).user_id
    assert user_id is not None
    claim = idempotency.Claim(user_id, "POST", "/notes", "k1", b"")
    async with database.begin() as tx:
        assert await idempotency.take(tx, claim) is None
        answered = await write(server, token, "k1")
        assert (answered.status, answered.code) == (409, "CONFLICT")
        assert answered.headers["Retry-After"] == "1"
    assert (await write(server, token, "k1")).status == 201


async def test_a_key_is_free_again_after_a_crash(server: Server, database: Database) -> None:
    token = server.sign_in()
    user_id = server.people.viewer_of(token).user_id
    assert user_id is not None
    claim = idempotency.Claim(user_id, "POST", "/notes", "k1", b"")
    with contextlib.suppress(ZeroDivisionError):
        async with database.begin() as tx:
            assert await idempotency.take(tx, claim) is None
            await notes.add(tx, "lost", 0)
            raise ZeroDivisionError
    assert (await write(server, token, "k1")).status == 201


async def test_an_odd_key_is_refused(server: Server) -> None:
    token = server.sign_in()
    for key in ("", "k" * 256):
        assert (await write(server, token, key)).code == "BAD_REQUEST"


async def test_keys_are_forgotten_after_a_day(server: Server, database: Database) -> None:
    token = server.sign_in()
    first = await write(server, token, "k1")
    async with database.begin() as tx:
        tx.now += timedelta(hours=25)
        assert await idempotency.sweep(tx) >= 1
    assert (await write(server, token, "k1")).body["id"] != first.body["id"]
