"""How often one may ask: headers, budgets, addresses, and what happens when Redis is away."""

from pathlib import Path

import pytest

from api.access import Role
from tests.support.clock import VirtualClock
from tests.support.postgres import Postgres
from tests.support.redis import RedisServer
from tests.support.server import Answered, Server, serving


def numbers(answered: Answered) -> tuple[int, int, int]:
    return (
        int(answered.headers["RateLimit-Limit"]),
        int(answered.headers["RateLimit-Remaining"]),
        int(answered.headers["RateLimit-Reset"]),
    )


async def test_sixty_a_minute_and_the_sixty_first_waits(server: Server) -> None:
    for used in range(1, 61):
        answered = await server.ask("POST", "/api/door")
        assert answered.status == 204
        limit, remaining, reset = numbers(answered)
        assert (limit, remaining) == (60, 60 - used)
        assert 0 < reset <= 60
    answered = await server.ask("POST", "/api/door")
    assert (answered.status, answered.code) == (429, "RATE_LIMITED")
    assert 0 < int(answered.headers["Retry-After"]) <= 60
    assert numbers(answered)[1] == 0


async def test_refused_requests_count_and_carry_the_numbers(server: Server) -> None:
    token = server.sign_in()
    bad = await server.ask("POST", "/notes", token=token, json={})
    good = await server.ask("POST", "/notes", token=token, json={"words": "x"})
    nobody = await server.ask("POST", "/notes", json={"words": "x"})
    assert (bad.status, good.status, nobody.status) == (400, 201, 401)
    assert [numbers(answered)[1] for answered in (bad, good)] == [59, 58]
    assert numbers(nobody)[0] == 600


async def test_a_person_has_a_budget_and_the_household_ten_of_them(server: Server) -> None:
    token = server.sign_in()
    for _ in range(60):
        assert (await server.ask("POST", "/notes", token=token, json={})).status == 400
    assert (await server.ask("POST", "/notes", token=token, json={})).status == 429
    sister = server.sign_in(Role.CHILD)
    assert (await server.ask("POST", "/notes", token=sister, json={})).status == 400


async def test_waiting_as_told_lets_one_more_through(
    postgres: Postgres, database_with_notes: str, tmp_path: Path
) -> None:
    clock = VirtualClock()
    url = postgres.application_url(database_with_notes)
    async with serving(url, tmp_path, clock=clock) as server:
        for _ in range(60):
            assert (await server.ask("POST", "/api/door")).status == 204
        refused = await server.ask("POST", "/api/door")
        await clock.advance(int(refused.headers["Retry-After"]) - 1)
        assert (await server.ask("POST", "/api/door")).status == 429
        await clock.advance(1)
        assert (await server.ask("POST", "/api/door")).status == 204


async def test_the_settings_change_the_limits_at_once(server: Server) -> None:
    admin = server.sign_in(Role.ADMIN)
    change = {"settings": {"rate_limit_auth": 2}}
    assert (await server.ask("PUT", "/admin/settings", token=admin, json=change)).status == 200
    statuses = [(await server.ask("POST", "/api/door")).status for _ in range(3)]
    change = {"settings": {"rate_limit_auth": 60}}
    await server.ask("PUT", "/admin/settings", token=admin, json=change)
    assert statuses == [204, 204, 429]


@pytest.mark.parametrize(
    ("trusted", "forwarded", "shared"),
    [
        # A client's own header counts for nothing.
        ((), ("198.51.100.1", "198.51.100.2"), True),
        # Behind a proxy of ours it tells households apart.
        (("127.0.0.1",), ("198.51.100.1", "198.51.100.2"), False),
        # Only what our proxy added is believed, not what the client wrote before it.
        (("127.0.0.1",), ("203.0.113.1, 198.51.100.1", "203.0.113.2, 198.51.100.1"), True),
        # A household holds a whole /64 of IPv6.
        (("127.0.0.0/8",), ("2001:db8:1:1::1", "2001:db8:1:1:ffff::2"), True),
        (("127.0.0.0/8",), ("2001:db8:1:1::1", "2001:db8:1:2::1"), False),
        # The same IPv4 address in its IPv6 clothes.
        (("127.0.0.1",), ("::ffff:198.51.100.1", "198.51.100.1"), True),
    ],
)
async def test_addresses_are_those_that_trusted_proxies_tell(
    postgres: Postgres,
    database_with_notes: str,
    tmp_path: Path,
    trusted: tuple[str, ...],
    forwarded: tuple[str, str],
    shared: bool,
) -> None:
    url = postgres.application_url(database_with_notes)
    async with serving(url, tmp_path, trusted_proxies=trusted) as server:
        remaining = [
            numbers(await server.ask("POST", "/api/door", headers={"X-Forwarded-For": address}))[1]
            for address in forwarded
        ]
    assert remaining == ([59, 58] if shared else [59, 59])


async def test_without_redis_doors_stay_shut_and_talking_goes_on(
    postgres: Postgres, database_with_notes: str, tmp_path: Path, redis_server: RedisServer
) -> None:
    url = postgres.application_url(database_with_notes)
    async with serving(url, tmp_path, redis_url=redis_server.url) as server:
        token = server.sign_in()
        assert (await server.ask("POST", "/api/door")).status == 204
        await redis_server.stopped()
        door = await server.ask("POST", "/api/door")
        assert (door.status, door.code) == (503, "UNAVAILABLE")
        assert int(door.headers["Retry-After"]) > 0
        for _ in range(60):
            note = await server.ask("POST", "/notes", token=token, json={"words": "x"})
            assert note.status == 201
        assert (await server.ask("POST", "/notes", token=token, json={"words": "x"})).status == 429
        ready = await server.ask("GET", "/readyz")
        assert (ready.status, ready.body["parts"]["redis"]["ok"]) == (503, False)


async def test_two_servers_on_one_redis_share_the_budgets(
    postgres: Postgres, database_with_notes: str, tmp_path: Path, redis_server: RedisServer
) -> None:
    await redis_server.restarted()
    url = postgres.application_url(database_with_notes)
    async with (
        serving(url, tmp_path, redis_url=redis_server.url) as one,
        serving(url, tmp_path, redis_url=redis_server.url) as other,
    ):
        assert numbers(await one.ask("POST", "/api/door"))[1] == 59
        assert numbers(await other.ask("POST", "/api/door"))[1] == 58
