"""Connecting when not every server that is named is there."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from store.aiopg_hosts import servers
from tests.support.postgres_relay import PostgresRelay


@pytest.fixture
async def relay(database_url: str) -> AsyncIterator[PostgresRelay]:
    async with PostgresRelay(make_url(database_url)) as relay:
        yield relay


@pytest.fixture
def refusing() -> Iterator[int]:
    """A port on which nobody listens, and nobody else can."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


async def answers(url: URL, **parameters: Any) -> bool:
    engine = create_async_engine(
        url, poolclass=NullPool, connect_args={"connect_timeout": 1, **parameters}
    )
    async with engine.connect() as connection:
        return bool(await connection.scalar(text("SELECT true")))


def at(url: URL, *ports: int) -> URL:
    hosts = ",".join("127.0.0.1" for _ in ports)
    return url.set(query={"host": hosts, "port": ",".join(map(str, ports))})


async def test_a_host_that_refuses_is_passed_over(relay: PostgresRelay, refusing: int) -> None:
    assert await answers(at(relay.url, refusing, relay.port))


async def test_a_host_that_is_silent_is_passed_over(relay: PostgresRelay, silent: int) -> None:
    assert await answers(at(relay.url, silent, relay.port))


async def test_hosts_may_be_listed_as_sqlalchemy_lists_them(
    relay: PostgresRelay, refusing: int
) -> None:
    hosts = (f"127.0.0.1:{refusing}", f"127.0.0.1:{relay.port}")
    assert await answers(relay.url.set(query={"host": hosts}))


async def test_a_silent_host_is_an_error_after_the_time_limit(
    relay: PostgresRelay, silent: int
) -> None:
    with pytest.raises(OperationalError, match=rf"127\.0\.0\.1, port {silent}: no answer in 1 sec"):
        await answers(at(relay.url, silent))


async def test_the_error_tells_of_every_host(
    relay: PostgresRelay, refusing: int, silent: int
) -> None:
    with pytest.raises(OperationalError) as raised:
        await answers(at(relay.url, refusing, silent))
    assert f"127.0.0.1, port {refusing}: Connection refused" in str(raised.value)
    assert f"127.0.0.1, port {silent}: no answer" in str(raised.value)


def resolve(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]) -> None:
    """Names are looked up here, and nobody is asked."""

    async def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 0)) for ip in names[host]]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


async def test_every_address_of_a_name_is_tried(
    relay: PostgresRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The relay listens on one of these addresses only.
    resolve(monkeypatch, {"database.test": ["127.0.0.2", "127.0.0.1"]})
    assert await answers(relay.url.set(query={"host": "database.test", "port": str(relay.port)}))


async def test_a_name_without_an_address_is_passed_over(
    relay: PostgresRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, {"database.test": ["127.0.0.1"]})
    port = f"{relay.port},{relay.port}"
    query = {"host": "nowhere.test,database.test", "port": port}
    assert await answers(relay.url.set(query=query))
    with pytest.raises(OperationalError, match=r"nowhere\.test: no address found"):
        await answers(relay.url.set(query={"host": "nowhere.test"}))


async def test_a_name_that_nobody_resolves_is_an_error_after_the_time_limit(
    relay: PostgresRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        never: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        return await never

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    with pytest.raises(OperationalError, match=r"slow\.test: no answer in 1 seconds"):
        await answers(relay.url.set(query={"host": "slow.test"}))


async def test_a_cancelled_connect_leaves_nothing_open(relay: PostgresRelay, silent: int) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await answers(at(relay.url, silent), connect_timeout=30)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"dbname": "x"},
        {"host": "a", "port": "1"},
        {"host": "a,b", "port": "1,2,3"},
        {"host": "a,b", "service": "s"},
        {"host": "a,b", "load_balance_hosts": "random"},
        {"host": "a,b", "target_session_attrs": "prefer-standby"},
    ],
)
def test_what_concerns_the_hosts_together_is_left_to_libpq(parameters: dict[str, str]) -> None:
    assert list(servers(parameters)) == [parameters]


def test_hosts_and_ports_are_matched_as_libpq_matches_them() -> None:
    assert list(servers({"host": "a,b", "port": "1,"})) == [
        {"host": "a", "port": "1"},
        {"host": "b", "port": ""},
    ]
    assert list(servers({"host": "a,/run", "port": "7", "dbname": "x"})) == [
        {"host": "a", "port": "7", "dbname": "x"},
        {"host": "/run", "port": "7", "dbname": "x"},
    ]
    assert list(servers({"hostaddr": "::1,127.0.0.1"})) == [
        {"hostaddr": "::1"},
        {"hostaddr": "127.0.0.1"},
    ]
