"""The first admin: by the set-up link, or by the configuration; and never a second first one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockBuster
from pydantic import Secret

from api.access import Role
from api.accounts.keys import HASHING
from api.app import build_app
from api.connection import Runner
from api.database import DatabaseUrls
from api.failure import WrongConfiguration
from api.keys import DB, SETTINGS
from api.setup import first_admin
from api.start import migrated, setup_address
from store import users
from tests.support import family
from tests.support.family import PASSWORD
from tests.support.postgres import Postgres
from tests.support.program import run
from tests.support.server import MASTER_KEY, Answered, Server, configure, serving

EMAIL = "mara@example.org"
OTHER_PASSWORD = "copper-kite-72-meadow"
CONFIGURED = {"admin_email": EMAIL, "admin_password": PASSWORD}


@dataclass(frozen=True, slots=True)
class House:
    """A house in which nobody lives yet, to be started as often as a test likes."""

    urls: DatabaseUrls
    folder: Path

    async def printed_link(self, **configuration: Any) -> str | None:
        """What a start prints when all is ready."""
        await migrated(self.urls, lambda line: None)
        configured = configure(self.urls.application, self.folder, **configuration)
        app = build_app(configured, works=False)
        runner = Runner(app)
        try:
            await runner.setup()
            return await setup_address(app)
        finally:
            await runner.cleanup()

    async def link_token(self) -> str:
        link = await self.printed_link()
        assert link is not None
        return link.partition("#")[2]

    @asynccontextmanager
    async def running(self, **configuration: Any) -> AsyncIterator[Server]:
        url = self.urls.application
        async with serving(url, self.folder, real_sign_in=True, **configuration) as server:
            yield server


@pytest.fixture
def house(postgres: Postgres, tmp_path: Path, no_blocking_calls: BlockBuster) -> Iterator[House]:
    # A start migrates before it lets anybody in, so nobody waits for it.
    for call in no_blocking_calls.functions.values():
        call.can_block_in("store/migrate.py", {"migrate", "_run"})
    name = postgres.make_database()
    yield House(DatabaseUrls(postgres.application_url(name), postgres.owner_url(name)), tmp_path)
    postgres.drop_database(name)


async def become_admin(server: Server, token: str, **body: object) -> Answered:
    return await server.ask(
        "POST",
        "/auth/setup",
        json={"token": token, "email": EMAIL, "password": PASSWORD, **body},
    )


async def sign_in(server: Server, password: str = PASSWORD, email: str = EMAIL) -> Answered:
    return await server.ask("POST", "/auth/login", json={"email": email, "password": password})


async def settings_by(server: Server, token: str) -> Answered:
    return await server.ask("GET", "/admin/settings", token=token)


async def admins(server: Server) -> int:
    async with server.app[DB].read() as db:
        return await users.count_staying(db, role=Role.ADMIN)


# By the link


async def test_whoever_holds_the_link_becomes_the_admin_and_is_signed_in(house: House) -> None:
    token = await house.link_token()
    async with house.running() as server:
        made = await become_admin(server, token, display_name="Mara")
        assert made.status == 201
        user = made.body["user"]
        assert (user["role"], user["status"], user["display_name"]) == ("ADMIN", "ACTIVE", "Mara")
        assert len(user["families"]) == 1
        assert made.body["refresh"] is None
        assert made.cookies.keys() == {"hearth_refresh", "hearth_media"}
        assert (await settings_by(server, made.body["access"])).status == 200
        assert (await sign_in(server)).status == 200


async def test_the_settings_are_open_to_the_link_until_there_is_an_admin(house: House) -> None:
    token = await house.link_token()
    async with house.running() as server:
        assert (await settings_by(server, token)).status == 200
        await become_admin(server, token)
        ended = await settings_by(server, token)
        assert (ended.status, ended.code) == (401, "TOKEN_EXPIRED")
        assert "this house got its admin" in ended.body["error"]["message"]


async def test_a_link_serves_once(house: House) -> None:
    token = await house.link_token()
    async with house.running() as server:
        assert (await become_admin(server, token)).status == 201
        again = await become_admin(server, token, email="tom@example.org")
        assert (again.status, again.code) == (401, "INVALID_CREDENTIALS")
        assert "this house got its admin" in again.body["error"]["message"]
        assert await admins(server) == 1


async def test_of_those_who_use_the_link_at_once_one_wins(house: House) -> None:
    token = await house.link_token()
    async with house.running() as server:
        answers = await asyncio.gather(
            *(become_admin(server, token, email=f"p{n}@example.org") for n in range(6))
        )
        assert sorted(answered.status for answered in answers) == [201] + [401] * 5
        assert await admins(server) == 1


async def test_a_wrong_token_makes_nobody_and_spoils_nothing(house: House) -> None:
    older = await house.link_token()
    token = await house.link_token()
    async with house.running() as server:
        for wrong in (older, token[:-1], token.upper(), f"{token}x", "setup_", "x", "é" * 100):
            refused = await become_admin(server, wrong)
            assert (refused.status, refused.code) == (401, "INVALID_CREDENTIALS"), wrong
        assert await admins(server) == 0
        assert (await become_admin(server, token)).status == 201


async def test_an_older_link_is_told_from_one_that_is_used_up(house: House) -> None:
    older = await house.link_token()
    await house.link_token()
    async with house.running() as server:
        refused = await settings_by(server, older)
        assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
        assert "newer one" in refused.body["error"]["message"]


async def test_a_stranger_with_a_bad_password_hears_of_the_link_only(house: House) -> None:
    async with house.running() as server:
        refused = await become_admin(server, "setup_guessed", password="1234567890")
        assert (refused.status, refused.code) == (401, "INVALID_CREDENTIALS")


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({"password": "1234567890"}, "password", "commonest"),
        ({"password": "oak-river"}, "password", "at least 10"),
        ({"password": "x" * 129}, "password", "at most 128"),
        ({"password": EMAIL.title()}, "password", "everybody knows"),
        ({"email": "mara"}, "email", "pattern"),
        ({"display_name": " "}, "display_name", "at least 1"),
        ({"role": "ADMIN"}, "role", "not known here"),
    ],
)
async def test_what_is_wrong_is_named_and_the_link_goes_on(
    house: House, body: dict[str, str], field: str, problem: str
) -> None:
    token = await house.link_token()
    async with house.running() as server:
        refused = await become_admin(server, token, **body)
        assert (refused.status, refused.code) == (400, "VALIDATION_FAILED")
        (detail,) = refused.body["error"]["details"]
        assert detail["field"] == field
        assert problem in detail["problem"]
        assert body.get("password", PASSWORD).encode() not in refused.raw
        assert (await become_admin(server, token)).status == 201


async def test_an_address_that_somebody_registered_with_leaves_the_link_good(house: House) -> None:
    token = await house.link_token()
    async with house.running() as server:
        await family.pending(server, EMAIL)
        refused = await become_admin(server, token, email=EMAIL.upper())
        assert (refused.status, refused.code) == (409, "EMAIL_TAKEN")
        assert (await become_admin(server, token, email="tom@example.org")).status == 201


async def test_an_admin_who_is_made_otherwise_ends_the_link_at_once(house: House) -> None:
    token = await house.link_token()
    async with house.running() as server:
        assert (await settings_by(server, token)).status == 200
        await first_admin.add(
            server.app[DB],
            server.app[HASHING],
            server.app[SETTINGS],
            email="tom@example.org",
            password=Secret(OTHER_PASSWORD),
        )
        assert (await settings_by(server, token)).status == 401
        assert (await become_admin(server, token)).code == "INVALID_CREDENTIALS"
        assert await admins(server) == 1


async def test_a_start_prints_a_link_only_as_long_as_nobody_is_or_will_be_there(
    house: House,
) -> None:
    assert await house.printed_link(**CONFIGURED) is None
    link = await house.printed_link()
    assert link is not None
    assert link.startswith("http://localhost:8080/app/setup#setup_")
    async with house.running() as server:
        await become_admin(server, link.partition("#")[2])
    assert await house.printed_link() is None


# By the configuration


async def test_the_configured_admin_is_made_at_the_first_start(house: House) -> None:
    token = await house.link_token()
    async with house.running(**CONFIGURED) as server:
        signed_in = await sign_in(server)
        assert signed_in.body["user"]["role"] == "ADMIN"
        assert (await settings_by(server, token)).status == 401


async def test_the_configured_admin_is_not_made_again(house: House) -> None:
    async with house.running(**CONFIGURED) as server:
        signed_in = await sign_in(server)
        changed = await server.ask(
            "POST",
            "/auth/password",
            token=signed_in.body["access"],
            json={"current": PASSWORD, "new": OTHER_PASSWORD},
        )
        assert changed.status == 204
    for configured in (CONFIGURED, {**CONFIGURED, "admin_email": "tom@example.org"}):
        async with house.running(**configured) as server:
            assert (await sign_in(server)).status == 401
            assert (await sign_in(server, OTHER_PASSWORD)).status == 200
            assert (await sign_in(server, email="tom@example.org")).status == 401
            assert await admins(server) == 1


async def test_servers_that_start_at_once_make_one_admin(house: House) -> None:
    async def start(email: str, ready: asyncio.Barrier) -> int:
        async with house.running(**{**CONFIGURED, "admin_email": email}) as server:
            await ready.wait()
            return await admins(server)

    ready = asyncio.Barrier(3)
    counted = await asyncio.gather(*(start(f"p{n}@example.org", ready) for n in range(3)))
    assert counted == [1, 1, 1]


async def test_a_password_that_is_weak_today_stops_no_start_once_there_is_an_admin(
    house: House,
) -> None:
    async with house.running(**CONFIGURED):
        pass
    async with house.running(admin_email=EMAIL, admin_password="weak") as server:
        assert (await sign_in(server)).status == 200


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        (EMAIL, "1234567890", "HEARTH_ADMIN_PASSWORD is one of the commonest"),
        (EMAIL, "oak-river", "HEARTH_ADMIN_PASSWORD is too short"),
        (EMAIL, "x" * 129, "HEARTH_ADMIN_PASSWORD is too long"),
        (EMAIL, EMAIL.title(), "HEARTH_ADMIN_PASSWORD is what everybody knows"),
        ("mara", PASSWORD, "HEARTH_ADMIN_EMAIL is no e-mail address"),
    ],
)
async def test_a_configured_admin_who_cannot_be_made_stops_the_start(
    house: House, email: str, password: str, words: str
) -> None:
    with pytest.raises(WrongConfiguration) as wrong:
        async with house.running(admin_email=email, admin_password=password):
            pass
    assert words in str(wrong.value)
    assert "\n" not in str(wrong.value)
    assert password not in str(wrong.value)


async def test_a_configured_address_that_is_taken_stops_the_start(house: House) -> None:
    async with house.running() as server:
        await family.pending(server, EMAIL)
    with pytest.raises(WrongConfiguration, match="HEARTH_ADMIN_EMAIL is the address of somebody"):
        async with house.running(**CONFIGURED):
            pass
    async with house.running() as server:
        assert await admins(server) == 0


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"HEARTH_ADMIN_EMAIL": EMAIL}, "HEARTH_ADMIN_EMAIL and HEARTH_ADMIN_PASSWORD go together"),
        ({"HEARTH_ADMIN_PASSWORD": PASSWORD}, "HEARTH_ADMIN_EMAIL and HEARTH_ADMIN_PASSWORD"),
        (
            {"HEARTH_ADMIN_EMAIL": EMAIL, "HEARTH_ADMIN_PASSWORD": "password123"},
            "HEARTH_ADMIN_PASSWORD is one of the commonest",
        ),
    ],
)
async def test_a_wrong_configuration_of_the_admin_ends_the_program_with_2_and_one_line(
    house: House, variables: dict[str, str], words: str
) -> None:
    ended = await run(
        *("serve", "--port", "0", "--host", "127.0.0.1"),
        cwd=house.folder,
        variables={
            "DATABASE_URL": house.urls.application.render_as_string(hide_password=False),
            "DATABASE_OWNER_URL": house.urls.owner.render_as_string(hide_password=False),
            "HEARTH_MASTER_KEY": MASTER_KEY,
            **variables,
        },
    )
    assert ended.code == 2
    said = [line for line in ended.errors.splitlines() if words in line]
    assert said == [ended.errors.splitlines()[-1]]
    assert "Traceback" not in ended.errors
    assert variables.get("HEARTH_ADMIN_PASSWORD", PASSWORD) not in ended.errors
