"""Health, metrics, the documents and the pages that come with the server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from api.app import admin_app
from api.serve import listening
from store.redis import SharedRedis
from tests.support.postgres import Postgres
from tests.support.redis import RedisServer
from tests.support.server import Server, serving


@pytest.fixture
async def server(postgres: Postgres, database_name: str, tmp_path: Path) -> AsyncIterator[Server]:
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path, metrics_token=SecretStr("metrics")) as server:
        yield server


async def test_the_process_says_that_it_is_alive(server: Server) -> None:
    assert (await server.ask("GET", "/healthz")).body["status"] == "alive"


async def test_ready_means_every_part(server: Server) -> None:
    answered = await server.ask("GET", "/readyz")
    assert (answered.status, answered.body["status"]) == (200, "ready")
    assert answered.body["parts"].keys() == {"database", "migrations", "media_core"}
    assert all(part["ok"] for part in answered.body["parts"].values())


async def test_a_database_that_went_away_shows_and_says_nothing_of_itself(
    postgres: Postgres, tmp_path: Path
) -> None:
    name = await asyncio.to_thread(postgres.make_database)
    async with serving(postgres.application_url(name), tmp_path) as server:
        await asyncio.to_thread(postgres.drop_database, name)
        answered = await server.ask("GET", "/readyz")
        assert answered.status == 503
        assert answered.body["parts"]["database"]["ok"] is False
        assert answered.body["parts"]["media_core"]["ok"] is True
        assert name.encode() not in answered.raw
        settings = await server.ask("GET", "/healthz")
        assert settings.status == 200


async def test_a_schema_that_is_not_the_code_s_is_not_ready(
    postgres: Postgres, tmp_path: Path
) -> None:
    name = await asyncio.to_thread(postgres.make_database)
    async with serving(postgres.application_url(name), tmp_path) as server:
        engine = create_async_engine(postgres.owner_url(name))
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        await engine.dispose()
        answered = await server.ask("GET", "/readyz")
    await asyncio.to_thread(postgres.drop_database, name)
    assert answered.status == 503
    assert answered.body["parts"]["migrations"]["ok"] is False


async def test_a_redis_that_takes_nothing_more_is_not_ready(
    postgres: Postgres,
    database_name: str,
    tmp_path: Path,
    redis: SharedRedis,
    redis_server: RedisServer,
) -> None:
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path, redis_url=SecretStr(redis_server.url)) as server:
        assert (await server.ask("GET", "/readyz")).body["parts"]["redis"]["ok"] is True
        await redis.run("CONFIG", "SET", "maxmemory", "1")
        try:
            answered = await server.ask("GET", "/readyz")
        finally:
            await redis.run("CONFIG", "SET", "maxmemory", "0")
        assert answered.status == 503
        assert answered.body["parts"]["redis"]["ok"] is False


async def test_metrics_need_their_token(server: Server) -> None:
    assert (await server.ask("GET", "/metrics")).code == "UNAUTHENTICATED"
    assert (await server.ask("GET", "/metrics", token="wrong")).status == 401
    assert (await server.ask("GET", "/metrics", token=server.sign_in())).status == 401
    answered = await server.ask("GET", "/metrics", token="metrics")
    assert answered.status == 200
    assert answered.headers["Content-Type"].startswith("text/plain")


async def test_the_admin_port_has_metrics_and_nothing_else(server: Server) -> None:
    async with listening(admin_app(server.app), "127.0.0.1", 0, None, variable="X") as site:
        url = f"http://localhost:{site.port}"
        async with server.session.get(f"{url}/metrics") as answer:
            assert answer.status == 200
            assert "hearth_http_requests" in await answer.text()
        for path in ("/features", "/admin/settings", "/docs"):
            async with server.session.get(url + path) as answer:
                assert answer.status == 404
                assert (await answer.json())["error"]["code"] == "NOT_FOUND"


async def test_metrics_count_requests_by_route_and_never_by_id(server: Server) -> None:
    secret = "n_01jn8xv3k0e5qr7s9tbcdfghj2"
    await server.ask("GET", f"/notes/{secret}", token=server.sign_in())
    await server.ask("GET", f"/{secret}")
    exposed = (await server.ask("GET", "/metrics", token="metrics")).raw.decode()
    assert 'hearth_http_requests_total{method="GET",route="/notes/{id}"' in exposed
    assert 'route="unknown"' in exposed
    assert secret not in exposed


async def test_without_a_token_configured_there_are_no_metrics(
    postgres: Postgres, database_name: str, tmp_path: Path
) -> None:
    async with serving(postgres.application_url(database_name), tmp_path) as server:
        assert (await server.ask("GET", "/metrics")).status == 404


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/openapi.json", "application/json"),
        ("/asyncapi.json", "application/json"),
        ("/app/setup", "text/html"),
        ("/app/setup/setup.css", "text/css"),
        ("/app/setup/setup.js", "text/javascript"),
    ],
)
async def test_documents_and_pages_are_open_to_all(server: Server, path: str, kind: str) -> None:
    answered = await server.ask("GET", path)
    assert answered.status == 200
    assert answered.headers["Content-Type"].startswith(kind)


async def test_pages_allow_nothing_from_elsewhere_and_are_asked_about(server: Server) -> None:
    answered = await server.ask("GET", "/app/setup")
    policy = answered.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    again = await server.ask(
        "GET", "/app/setup", headers={"If-None-Match": answered.headers["ETag"]}
    )
    assert (again.status, again.raw) == (304, b"")


async def test_the_bare_address_leads_to_a_page(server: Server) -> None:
    answered = await server.ask("GET", "/", headers={"Accept": "text/html"})
    assert (answered.status, answered.headers["Location"]) == (303, "/app/setup")
