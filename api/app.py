"""The composition root: the only place where the parts are wired.

`frame` is what any application of ours stands in (the mock's too); `build_app` fills it with the
real parts, one `cleanup_ctx` a resource, in the order in which they need each other.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import Secret

from api import http, jobs, middleware, ratelimits
from api.access import Authenticator
from api.accounts import hashing
from api.accounts.authenticator import REQUIRE_ADMIN_TOTP, AccountAuthenticator
from api.accounts.keys import ACCESS_TOKENS, BELONGINGS, FRONT_DOOR, HASHING, SECOND_FACTORS
from api.accounts.login import service as login
from api.accounts.oauth.keys import PROVIDER_SIGN_IN, PROVIDERS
from api.accounts.oauth.providers import sign_in_providers
from api.accounts.oauth.service import ProviderSignIn
from api.accounts.passwords import rules
from api.accounts.people import CHILD_CONTACTS
from api.accounts.personal_data import own
from api.accounts.personal_data.belongings import Belongings
from api.accounts.personal_data.service import DELETION_DAYS
from api.accounts.registration import service as registration
from api.accounts.signing import SigningKeys
from api.accounts.tokens import AccessTokens
from api.accounts.totp.service import SecondFactors
from api.configuration import Configuration
from api.failure import Failed
from api.features import ENDPOINTS, SOCKETS
from api.keyring import Keyring
from api.keys import (
    AUDIT_LOG,
    AUTHENTICATOR,
    BLOBS,
    BUS,
    CLOCK,
    CONFIGURATION,
    DB,
    ENVELOPE,
    INTAKE,
    KEYRING,
    LEASES,
    METRICS,
    NETWORK,
    PASSWORD_LOCKOUT,
    PRESENCE,
    PULSE,
    QUARANTINE,
    RATE_LIMITS,
    SETTINGS,
    SIGHTINGS,
    TROUBLE,
)
from api.masterkey import home_of
from api.media.intake import Intake
from api.media.pictures import Pictures
from api.metrics import Metrics
from api.network import Network
from api.operations import health
from api.operations import routes as operations
from api.operations.documents import DOCUMENTS, Documents
from api.profiles import personal_data as profiles
from api.pulse import Pulse
from api.quarantine import Quarantine
from api.ratelimits import RateLimits
from api.routing import Endpoints, Route
from api.settings.declare import AnySetting, Catalogue
from api.settings.flags import flags
from api.settings.live import LiveSettings
from api.setup import first_admin
from api.shared import shared_state
from api.sightings import Sightings
from api.storage import storage
from api.trouble import Trouble
from api.ws.declare import Socket
from api.ws.hub import HUB, Hub
from api.ws.serving import serve_socket
from store import audit as stored_audit
from store import jobs as stored_jobs
from store import settings as stored_settings
from store.audit import AuditLog
from store.audit_head import HeadFile, HeadKeeper
from store.blobs import WrongStorage
from store.clock import Clock, SystemClock
from store.database import STANDING, Database
from store.envelope import Envelope
from store.limits.local import LocalLimits
from store.outage import Outage

DECLARED_SETTINGS: tuple[AnySetting, ...] = (
    ratelimits.AUTH,
    ratelimits.MESSAGES,
    registration.REGISTRATION,
    CHILD_CONTACTS,
    rules.MIN_LENGTH,
    hashing.TIME_COST,
    hashing.MEMORY_KIB,
    REQUIRE_ADMIN_TOTP,
    login.SINGLE_TOKEN_SECONDS,
    DELETION_DAYS,
)

LARGEST_JSON = 1024 * 1024
# How long open sockets get to hear that the server restarts. With what follows (running requests,
# the database) the whole stop stays under the ten seconds of the contract.
GOODBYE_SECONDS = 3.0
# How long what is done last of all in the database may take.
PARTING_SECONDS = 1.0

AuthenticatorFactory = Callable[[web.Application], Authenticator]


def frame(
    configuration: Configuration, clock: Clock, routes: Iterable[Route], sockets: Iterable[Socket]
) -> web.Application:
    """Middlewares and routes; whose handlers find their parts by key."""
    app = web.Application(
        middlewares=[middleware.observe, middleware.envelope, middleware.gatekeeper],
        client_max_size=LARGEST_JSON,
    )
    app[CONFIGURATION] = configuration
    app[CLOCK] = clock
    app[METRICS] = Metrics()
    app[TROUBLE] = Trouble(clock)
    app[NETWORK] = Network(configuration)
    app.on_response_prepare.append(middleware.sign_response)
    for route in routes:
        if route.handler is not None:
            add_route(app, route.method, route.path, http.serve(route, route.handler))
    for socket in filter(Socket.is_built, sockets):
        add_route(app, "GET", socket.path, serve_socket(socket))
    return app


def add_route(app: web.Application, method: str, path: str, handler: Handler) -> None:
    """Serve a path with and without its trailing slash: a redirect would lose a POST's body."""
    bare = path.rstrip("/")
    for spelling in {bare or "/", f"{bare}/"}:
        resource = app.router.add_resource(spelling)
        for verb in ("GET", "HEAD") if method == "GET" else (method,):
            resource.add_route(verb, handler, expect_handler=middleware.expect)


def build_app(
    configuration: Configuration,
    *,
    clock: Clock | None = None,
    authenticator: AuthenticatorFactory | None = None,
    endpoints: Iterable[Endpoints] = ENDPOINTS,
    sockets: Iterable[Socket] = SOCKETS,
    works: bool = True,
) -> web.Application:
    """The server, ready to run; its database is migrated already.

    Without `works` it is there for one command: nothing is done in the background.
    """
    routes = [route for endpoint in endpoints for route in endpoint.routes]
    app = frame(configuration, clock or SystemClock(), routes, sockets)
    app[SETTINGS] = LiveSettings(Catalogue(_settings_of(configuration)))
    app[PULSE] = Pulse(app[CLOCK])
    app[DOCUMENTS] = Documents.of(routes, sockets, planned=False, server_url=configuration.own_url)
    app[health.CHECKS] = {}
    app[SIGHTINGS] = Sightings(app[CLOCK])
    app[QUARANTINE] = Quarantine(configuration.data_dir / "quarantine")
    app.cleanup_ctx.extend(
        [
            _shared,
            _database,
            _envelope,
            _keyring,
            _audit,
            _settings,
            _accounts,
            _providers,
            _sockets(authenticator or _accounts_authenticator),
            _blobs,
        ]
    )
    if works:
        app.cleanup_ctx.extend([_configured_admin, _work])
    return app


def _settings_of(configuration: Configuration) -> list[AnySetting]:
    return [
        *DECLARED_SETTINGS,
        replace(login.ACCESS_SECONDS, default=configuration.access_token_exp_seconds),
        replace(login.REFRESH_SECONDS, default=configuration.refresh_token_exp_seconds),
        *flags(configuration),
    ]


async def _shared(app: web.Application) -> AsyncIterator[None]:
    async with shared_state(app[CONFIGURATION], app[CLOCK]) as shared:
        app[BUS] = shared.bus
        app[PRESENCE] = shared.presence
        app[LEASES] = shared.leases
        app[PASSWORD_LOCKOUT] = shared.passwords
        app[RATE_LIMITS] = RateLimits(shared.limits, LocalLimits(), app[SETTINGS])
        if shared.redis is not None:
            app[health.CHECKS]["redis"] = shared.redis.check
        yield


async def _database(app: web.Application) -> AsyncIterator[None]:
    configuration = app[CONFIGURATION]
    assert configuration.database_url is not None
    db = Database.connect(
        configuration.database_url,
        clock=app[CLOCK],
        publish=app[BUS].publish,
        pool_size=configuration.database_pool_size,
        max_overflow=configuration.database_max_overflow,
    )
    app[DB] = db
    app[health.CHECKS]["database"] = health.database_check(db)
    app[health.CHECKS]["migrations"] = health.migrations_check(db)
    app[health.CHECKS]["media_core"] = health.media_core_check
    yield
    await db.close()


async def _envelope(app: web.Application) -> AsyncIterator[None]:
    db = app[DB]
    app[ENVELOPE] = envelope = Envelope(await home_of(app[CONFIGURATION]).provider(db))
    async with db.begin() as tx:
        await envelope.establish(tx)

    async def keep_up() -> None:
        async with db.read() as reading:
            await envelope.keep_up(reading)

    app[PULSE].every("master_key", 1.0, keep_up)
    yield


async def _keyring(app: web.Application) -> AsyncIterator[None]:
    configured = app[CONFIGURATION].secret_key
    if configured is not None:
        app[KEYRING] = Keyring(configured.get_secret_value().encode())
    else:
        async with app[DB].begin() as tx:
            app[KEYRING] = Keyring(await app[ENVELOPE].server_secret(tx))
    yield


async def _audit(app: web.Application) -> AsyncIterator[None]:
    db, pulse = app[DB], app[PULSE]
    app[AUDIT_LOG] = await AuditLog.attach(db, app[ENVELOPE])
    heads = HeadKeeper(db, HeadFile(app[CONFIGURATION].data_dir))
    pulse.every("audit_head", 5.0, heads.follow)
    subscription = await app[BUS].subscribe(stored_audit.TOPIC, lambda _: pulse.wake("audit_head"))
    try:
        await heads.follow()
    except OSError as error:
        raise Failed(
            f"audit.head can't be written to {app[CONFIGURATION].data_dir}: {error.strerror}"
        ) from None
    yield
    await subscription.close()
    # The last commits came after the last beat. What is missed here, the next start makes up for.
    with suppress(Outage, OSError):
        await _at_parting(heads.follow())


async def _at_parting(work: Coroutine[Any, Any, None]) -> None:
    """Do a last thing in the database; what hangs there ends with its connection, soon."""
    doing = asyncio.create_task(work)
    done, _ = await asyncio.wait({doing}, timeout=PARTING_SECONDS)
    if done:
        doing.result()
    doing.cancel()


async def _settings(app: web.Application) -> AsyncIterator[None]:
    live, pulse = app[SETTINGS], app[PULSE]
    await live.refresh(app[DB])
    pulse.every("settings", 1.0, lambda: live.refresh(app[DB]))
    subscription = await app[BUS].subscribe(stored_settings.TOPIC, lambda _: pulse.wake("settings"))
    yield
    await subscription.close()


async def _accounts(app: web.Application) -> AsyncIterator[None]:
    await asyncio.to_thread(rules.read_common)
    tokens = AccessTokens(app[CLOCK], SigningKeys(app[DB], app[ENVELOPE]).read)
    await tokens.refresh()
    app[PULSE].every("signing_keys", 60.0, tokens.refresh)
    app[PULSE].every("sightings", 10.0, lambda: app[SIGHTINGS].write(app[DB]))
    app[ACCESS_TOKENS] = tokens
    app[HASHING] = hashing.Hashing(app[SETTINGS])
    app[SECOND_FACTORS] = SecondFactors(app[ENVELOPE], app[SETTINGS])
    app[FRONT_DOOR] = login.FrontDoor(
        db=app[DB],
        clock=app[CLOCK],
        settings=app[SETTINGS],
        hashing=app[HASHING],
        lockout=app[PASSWORD_LOCKOUT],
        tokens=tokens,
        second_factor=app[SECOND_FACTORS],
    )
    yield
    await asyncio.to_thread(app[HASHING].close)


async def _providers(app: web.Application) -> AsyncIterator[None]:
    configuration = app[CONFIGURATION]
    app[PROVIDER_SIGN_IN] = ProviderSignIn(
        db=app[DB], clock=app[CLOCK], door=app[FRONT_DOOR], own_url=configuration.own_url
    )
    async with sign_in_providers(configuration, app[CLOCK]) as providers:
        app[PROVIDERS] = providers
        yield


def _accounts_authenticator(app: web.Application) -> Authenticator:
    return AccountAuthenticator(
        app[DB], app[ACCESS_TOKENS], app[KEYRING], app[SETTINGS], app[CLOCK]
    )


def _sockets(
    make_authenticator: AuthenticatorFactory,
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def sockets(app: web.Application) -> AsyncIterator[None]:
        pulse = app[PULSE]
        app[AUTHENTICATOR] = make_authenticator(app)
        app[HUB] = Hub(app[BUS], app[AUTHENTICATOR], app[CLOCK], lambda: pulse.wake("standing"))
        pulse.every("standing", 1.0, app[HUB].check)
        subscription = await app[BUS].subscribe(STANDING, lambda _: app[AUTHENTICATOR].forget())
        yield
        await subscription.close()

    return sockets


async def _blobs(app: web.Application) -> AsyncIterator[None]:
    try:
        async with storage(app[CONFIGURATION]) as blobs:
            app[BLOBS] = blobs
            app[INTAKE] = Intake(Pictures(app[QUARANTINE]), blobs)
            app[BELONGINGS] = Belongings(
                (*own.parts(app[SECOND_FACTORS]), *profiles.parts(app[ENVELOPE], blobs))
            )
            yield
    except WrongStorage as wrong:
        raise Failed(str(wrong)) from None


async def _configured_admin(app: web.Application) -> AsyncIterator[None]:
    configuration = app[CONFIGURATION]
    if configuration.admin_email is not None and configuration.admin_password is not None:
        await first_admin.make_configured(
            app[DB],
            app[HASHING],
            app[SETTINGS],
            email=configuration.admin_email,
            password=Secret(configuration.admin_password.get_secret_value()),
        )
    yield


async def _work(app: web.Application) -> AsyncIterator[None]:
    """Jobs and the heartbeat: what goes on beside the requests."""
    worker, pulse = jobs.worker(app), app[PULSE]
    subscription = await app[BUS].subscribe(stored_jobs.TOPIC, lambda _: worker.wake())
    app[BUS].on_reconnect(worker.wake)
    app[BUS].on_reconnect(pulse.wake_all)
    worker.start()
    pulse.start()
    yield
    await subscription.close()
    # At once, for each may hang in a database that stands still, and there are seconds for both.
    await asyncio.gather(worker.stop(grace=1.0), pulse.stop())


async def say_goodbye(app: web.Application) -> None:
    """Ask everybody on a socket to come back later; the listener is closed already."""
    await app[HUB].close(GOODBYE_SECONDS)


def admin_app(app: web.Application) -> web.Application:
    """What HEARTH_ADMIN_PORT serves: what is for whoever runs the server, over plain HTTP."""
    configuration = app[CONFIGURATION].model_copy(update={"public_url": None})
    admin = frame(configuration, app[CLOCK], operations.admin_endpoint.routes, [])
    admin[METRICS] = app[METRICS]
    return admin


def documents(*, planned: bool) -> Documents:
    """The documents of this server or, with what is still to be built, of the whole contract."""
    routes = [route for endpoint in ENDPOINTS for route in endpoint.routes]
    return Documents.of(routes, SOCKETS, planned=planned, server_url="http://localhost:8080")
