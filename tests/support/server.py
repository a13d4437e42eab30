"""A whole server on a port of its own, and a client that knows its way there."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from sqlalchemy.engine import URL

from api.access import Role
from api.app import build_app
from api.configuration import Configuration, by_variable
from api.features import ENDPOINTS, SOCKETS
from api.serve import running
from store.clock import Clock
from tests.specimen import commands, routes
from tests.support.people import People

SECRET = "a secret of the tests that is long enough"
# The same for all servers of a module's database, whatever their data folders.
MASTER_KEY = b64encode(b"a master key of tests, 32 bytes.").decode()


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: Any
    raw: bytes

    @property
    def code(self) -> str:
        code: str = self.body["error"]["code"]
        return code

    @property
    def cookies(self) -> SimpleCookie:
        """What a browser would keep."""
        jar = SimpleCookie()
        for name, value in self.headers.items():
            if name == "Set-Cookie":
                jar.load(value)
        return jar


class Server:
    def __init__(self, app: web.Application, port: int, people: People) -> None:
        self.app = app
        self.port = port
        self.people = people
        self.url = f"http://localhost:{port}"
        # Cookies come along only when a test says so: here everybody shares one client.
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answered:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        async with self.session.request(
            method, self.url + path, headers=sent, allow_redirects=False, **options
        ) as response:
            raw = await response.read()
            is_json = response.content_type.endswith("json") and raw
            body = await response.json(content_type=None) if is_json else None
            return Answered(response.status, response.headers, body, raw)

    def sign_in(self, role: Role = Role.PARENT, **options: Any) -> str:
        return self.people.sign_in(role, **options)

    async def connect(self, path: str, **options: Any) -> aiohttp.ClientWebSocketResponse:
        ws: aiohttp.ClientWebSocketResponse = await self.session.ws_connect(
            self.url + path, **options
        )
        return ws


@asynccontextmanager
async def serving(
    database: URL,
    data_dir: Path,
    *,
    clock: Clock | None = None,
    real_sign_in: bool = False,
    **configuration: Any,
) -> AsyncIterator[Server]:
    """The real application with the specimen beside it, and people whom the test signs in.

    With `real_sign_in` there are no such people: the application's own authenticator decides.
    """
    people = People()
    app = build_app(
        configure(database, data_dir, **configuration),
        clock=clock,
        authenticator=None if real_sign_in else lambda _: people,
        endpoints=(*ENDPOINTS, routes.endpoint),
        sockets=(*SOCKETS, commands.socket, commands.patient),
    )
    async with running(app, host="127.0.0.1", port=0) as port:
        server = Server(app, port, people)
        try:
            yield server
        finally:
            await server.session.close()
            # The client's side of closed connections takes a turn of the loop to go.
            await asyncio.sleep(0)


def unconfigured() -> Configuration:
    """What a first start finds: nothing."""
    return Configuration(_env_file=None)


def configure(database: URL, data_dir: Path, **given: Any) -> Configuration:
    """A configuration that owes nothing to the environment of whoever runs the tests."""
    fields = {
        "database_url": database,
        "data_dir": data_dir,
        "secret_key": SECRET,
        "master_key": None if "master_key_file" in given else MASTER_KEY,
        **given,
    }
    return Configuration(_env_file=None, **by_variable(fields))
