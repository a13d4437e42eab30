"""Running an application: its sockets to the world, its start and its stop."""

import asyncio
import resource
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from api.app import admin_app, build_app, say_goodbye
from api.configuration import Configuration
from api.connection import Runner
from api.ending import End
from api.failure import Failed, WrongConfiguration
from api.self_signed import SelfSigned
from api.setup.routes import AUTHORITY
from api.site import Site
from api.start import setup_address

# Running requests get this long to end, and once more after they were cancelled.
_REQUESTS_SECONDS = 1.0


@asynccontextmanager
async def running(
    app: web.Application, *, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve the application for as long as the block lasts; gives the port.

    The end is a graceful one: nobody new gets in, sockets hear that they should come back, running
    requests are answered.
    """
    async with listening(app, host, port, tls, variable="HEARTH_PORT") as site:
        yield site.port
        await site.stop()
        await say_goodbye(app)


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None, *, variable: str
) -> AsyncIterator[Site]:
    runner = Runner(app, shutdown_timeout=_REQUESTS_SECONDS)
    try:
        await runner.setup()
        site = Site(runner, host, port, tls)
        try:
            await site.start()
        except OSError as error:
            place = f"{host}:{port}" if host else f"port {port}"
            raise Failed(
                f"{place} can't be listened on ({error.strerror}); choose another port with"
                f" {variable}, or another address with HEARTH_HOST"
            ) from None
        yield site
    finally:
        await runner.cleanup()


async def serve(
    configuration: Configuration,
    say: Callable[[str], None],
    *,
    end: End,
    self_signed: SelfSigned | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = stop_requested()
    _allow_many_connections()
    app = build_app(configuration)
    if self_signed is not None:
        app[AUTHORITY] = self_signed.authority
    async with (
        running(
            app, host=configuration.host, port=configuration.port, tls=_tls(configuration)
        ) as port,
        _admin_site(app, configuration, say),
    ):
        say(f"listening on port {port}: {configuration.own_url}")
        if address := await setup_address(app):
            say(f"nobody is here yet; open {address}")
        if self_signed is not None:
            say(f"for phones to trust this server, open {self_signed.trust_page} on each")
            say(f"what they install there has the fingerprint {self_signed.fingerprint}")
        await stop.wait()
        end.begin()
        say("stopping; open sockets are asked to come back later")


def stop_requested() -> asyncio.Event:
    """Set when the process is asked to end, however early that is."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _allow_many_connections() -> None:
    """Every connection is a file descriptor, and the usual soft limit of 1,024 is soon reached."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@asynccontextmanager
async def _admin_site(
    app: web.Application, configuration: Configuration, say: Callable[[str], None]
) -> AsyncIterator[None]:
    if configuration.admin_port is None:
        yield
        return
    async with listening(
        admin_app(app),
        configuration.host,
        configuration.admin_port,
        None,
        variable="HEARTH_ADMIN_PORT",
    ) as site:
        say(f"metrics on port {site.port}")
        yield


def _tls(configuration: Configuration) -> ssl.SSLContext | None:
    if configuration.tls_cert is None or configuration.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(configuration.tls_cert, configuration.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise WrongConfiguration(
            f"HEARTH_TLS_CERT and HEARTH_TLS_KEY can't be used: {error.strerror or error}"
        ) from None
    return context
