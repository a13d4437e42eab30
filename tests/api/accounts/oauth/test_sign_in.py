"""Whose account a provider's word opens, and whose it does not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import Secret
from sqlalchemy import func, select

from api.access import Role
from api.accounts.oauth.keys import PROVIDER_SIGN_IN, PROVIDERS
from api.errors import Refusal
from api.keys import BUS, DB
from store import identities, users
from store.bus import Message
from store.identities import IdentityRow
from store.sessions import Device
from store.users import User, UserRow
from tests.support import family
from tests.support.clock import VirtualClock
from tests.support.family import PASSWORD
from tests.support.oidc import KEYS, OidcProvider, Person, fails
from tests.support.postgres import Postgres
from tests.support.server import Answered, Server, serving

APP = "https://app.example/back"


async def sign_in(house: Server, provider: OidcProvider, name: str = "google") -> Answered:
    return await send(house, {"id_token": provider.id_token()}, name)


async def send(house: Server, body: dict[str, Any], name: str = "google") -> Answered:
    return await house.ask("POST", f"/auth/oauth/{name}", json=body)


async def owner(house: Server, subject: str, name: str = "google") -> str | None:
    async with house.app[DB].begin() as tx:
        return await identities.hold(tx, name, subject)


async def account(house: Server, email: str) -> User | None:
    async with house.app[DB].read() as db:
        return await users.by_email(db, email)


async def change(house: Server, user_id: str, **values: Any) -> None:
    async with house.app[DB].begin() as tx:
        await users.change(tx, user_id, **values)


async def test_a_verified_address_opens_the_parent_s_account(
    house: Server, provider: OidcProvider
) -> None:
    mara = await family.parent(house, await family.admin(house), email="Mara@example.org")
    provider.person = Person("mara", "mara@EXAMPLE.org")
    answered = await sign_in(house, provider)
    assert (answered.status, answered.body["user"]["id"]) == (200, mara.id)
    assert answered.body["refresh"] is None
    me = await house.ask("GET", "/users/me", token=answered.body["access"])
    assert me.body["id"] == mara.id
    cookie = answered.cookies["hearth_refresh"].value
    headers = {"Cookie": f"hearth_refresh={cookie}"}
    assert (await house.ask("POST", "/auth/refresh", headers=headers)).status == 200
    assert await owner(house, "mara") == mara.id


async def test_the_refresh_token_comes_in_the_body_for_whoever_asks(
    house: Server, provider: OidcProvider
) -> None:
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person("jo", jo.email)
    body = {"id_token": provider.id_token(), "refresh_in_body": True}
    answered = await send(house, body)
    went_on = await house.ask(
        "POST", "/auth/refresh", json={"refresh_token": answered.body["refresh"]}
    )
    assert went_on.status == 200


async def test_who_is_known_is_known_whatever_becomes_of_their_address(
    house: Server, provider: OidcProvider
) -> None:
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person("jo-moves", jo.email)
    assert (await sign_in(house, provider)).status == 200
    for moved in (Person("jo-moves", "elsewhere@example.org", False), Person("jo-moves")):
        provider.person = moved
        assert (await sign_in(house, provider)).body["user"]["id"] == jo.id
    assert await account(house, "elsewhere@example.org") is None


async def test_one_account_may_be_known_to_both_providers(
    house: Server, provider: OidcProvider
) -> None:
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person("jo-twice", jo.email)
    for name in ("google", "apple"):
        assert (await sign_in(house, provider, name)).body["user"]["id"] == jo.id
        assert await owner(house, "jo-twice", name) == jo.id


async def test_the_same_subject_elsewhere_is_somebody_else(
    house: Server, provider: OidcProvider
) -> None:
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person("shared", jo.email)
    await sign_in(house, provider)
    provider.person = Person("shared", "stranger@example.org")
    assert (await sign_in(house, provider, "apple")).code == "PENDING_APPROVAL"


async def test_a_new_link_is_audited_and_told_to_the_account_s_sessions(
    house: Server, provider: OidcProvider, clock: VirtualClock
) -> None:
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person("jo-linked", jo.email)
    told: list[Message] = []
    subscription = await house.app[BUS].subscribe(f"user:{jo.id}", told.append)
    entry = house.app[PROVIDER_SIGN_IN]
    google = house.app[PROVIDERS].named("google")
    deeds = []
    for _ in range(2):
        vouched = await entry.by_token(google, Secret(provider.id_token()), None, None)
        async with house.app[DB].begin() as tx:
            await entry.open(tx, vouched, Device("a browser", "192.0.2.1"))
            assert tx.actor.user_id == jo.id
            deeds += tx.deeds
    await subscription.close()
    assert [(deed.action, deed.entity_id, deed.after) for deed in deeds] == [
        ("account.link", jo.id, '{"provider":"google"}')
    ]
    assert [message.body for message in told] == [{"type": "account:linked", "provider": "google"}]


async def test_admins_and_children_do_not_come_in_this_way(
    house: Server, provider: OidcProvider
) -> None:
    admin = await family.admin(house)
    child = await family.child(await family.parent(house, admin), email="lia@example.org")
    for person in (admin, child):
        provider.person = Person(person.id, person.email)
        assert (await sign_in(house, provider)).code == "FORBIDDEN"
        assert await owner(house, person.id) is None


@pytest.mark.parametrize("role", [Role.ADMIN, Role.CHILD])
async def test_who_has_become_something_else_does_not_come_in_by_an_old_link(
    house: Server, provider: OidcProvider, role: Role
) -> None:
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person(f"became-{role}", jo.email)
    assert (await sign_in(house, provider)).status == 200
    await change(house, jo.id, role=role)
    assert (await sign_in(house, provider)).code == "FORBIDDEN"


async def test_an_address_that_is_not_verified_neither_links_nor_makes_anything(
    house: Server, provider: OidcProvider
) -> None:
    jo = await family.parent(house, await family.admin(house))
    for person in (
        Person("unverified", jo.email, False),
        Person("unverified", "new@example.org", False),
        Person("unverified", "new@example.org", "false"),
        Person("unverified"),
    ):
        provider.person = person
        assert (await sign_in(house, provider)).code == "FORBIDDEN"
    assert await owner(house, "unverified") is None
    assert await account(house, "new@example.org") is None


async def test_an_unknown_address_becomes_a_parent_who_waits_and_comes_in_when_approved(
    house: Server, provider: OidcProvider
) -> None:
    admin = await family.admin(house)
    provider.person = Person("new", "new-parent@example.org", name="Nora New")
    for _ in range(2):
        assert (await sign_in(house, provider)).code == "PENDING_APPROVAL"
    nora = await account(house, "new-parent@example.org")
    assert nora is not None
    assert (nora.role, nora.status, nora.display_name) == ("PARENT", "PENDING", "Nora New")
    approved = await admin.ask("POST", "/auth/admin/approve", json={"user_id": nora.id})
    assert approved.status == 200
    assert (await sign_in(house, provider)).body["user"]["id"] == nora.id


async def test_an_account_that_a_provider_made_has_no_password_to_guess(
    house: Server, provider: OidcProvider
) -> None:
    admin = await family.admin(house)
    provider.person = Person("no-password", "no-password@example.org")
    await sign_in(house, provider)
    made = await account(house, "no-password@example.org")
    assert made is not None
    await admin.ask("POST", "/auth/admin/approve", json={"user_id": made.id})
    for password in ("", "None", PASSWORD):
        body = {"email": "no-password@example.org", "password": password or " "}
        assert (await house.ask("POST", "/auth/login", json=body)).code == "INVALID_CREDENTIALS"


async def test_who_comes_many_times_at_once_becomes_one_account(
    house: Server, provider: OidcProvider
) -> None:
    provider.person = Person("at-once", "at-once@example.org")
    answers = await asyncio.gather(
        *(sign_in(house, provider, name) for name in ("google", "apple") * 10)
    )
    assert {answer.code for answer in answers} == {"PENDING_APPROVAL"}
    made = await account(house, "at-once@example.org")
    assert made is not None
    async with house.app[DB].read() as db:
        addressed = select(func.count()).where(func.lower(UserRow.email) == "at-once@example.org")
        assert await db.scalar(addressed) == 1
        owners = await db.scalars(
            select(IdentityRow.user_id).where(IdentityRow.subject == "at-once")
        )
        assert set(owners) == {made.id}


async def test_many_sign_ins_at_once_link_once(house: Server, provider: OidcProvider) -> None:
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person("links-at-once", jo.email)
    answers = await asyncio.gather(*(sign_in(house, provider) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert await owner(house, "links-at-once") == jo.id


async def test_who_registered_by_password_and_waits_is_not_linked_before_approval(
    house: Server, provider: OidcProvider
) -> None:
    admin = await family.admin(house)
    waiting = await family.pending(house)
    provider.person = Person("waits", waiting.email)
    assert (await sign_in(house, provider)).code == "PENDING_APPROVAL"
    assert await owner(house, "waits") is None
    await admin.ask("POST", "/auth/admin/approve", json={"user_id": waiting.id})
    assert (await sign_in(house, provider)).body["user"]["id"] == waiting.id


async def test_who_is_suspended_stays_outside_linked_or_not(
    house: Server, provider: OidcProvider
) -> None:
    admin = await family.admin(house)
    linked, unlinked = await family.parent(house, admin), await family.parent(house, admin)
    provider.person = Person("held", linked.email)
    assert (await sign_in(house, provider)).status == 200
    for person in (linked, unlinked):
        await change(house, person.id, status="SUSPENDED")
    assert (await sign_in(house, provider)).code == "SUSPENDED"
    provider.person = Person("held-too", unlinked.email)
    assert (await sign_in(house, provider)).code == "SUSPENDED"
    assert await owner(house, "held-too") is None


async def test_who_is_suspended_between_the_two_halves_stays_outside(
    house: Server, provider: OidcProvider
) -> None:
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person("held-between", jo.email)
    entry, google = house.app[PROVIDER_SIGN_IN], house.app[PROVIDERS].named("google")
    vouched = await entry.by_token(google, Secret(provider.id_token()), None, None)
    await change(house, jo.id, status="SUSPENDED")
    with pytest.raises(Refusal):
        async with house.app[DB].begin() as tx:
            await entry.open(tx, vouched, Device(None, None))
    assert await owner(house, "held-between") is None, "a link without a sign-in is none"


async def test_a_locked_account_is_locked_in_every_way(
    house: Server, provider: OidcProvider
) -> None:
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person("locked", jo.email)
    for _ in range(10):
        await house.ask("POST", "/auth/login", json={"email": jo.email, "password": "wrong"})
    answered = await sign_in(house, provider)
    assert (answered.status, answered.code) == (429, "LOCKED")
    assert int(answered.headers["Retry-After"]) > 0


async def test_a_code_serves_as_well(house: Server, provider: OidcProvider) -> None:
    jo = await family.parent(house, await family.admin(house))
    provider.person = Person("by-code", jo.email)
    code = provider.code(APP, verifier="v" * 43, nonce="once")
    body = {"code": code, "redirect_uri": APP, "code_verifier": "v" * 43, "nonce": "once"}
    for wrong in ({"code_verifier": "w" * 43}, {"redirect_uri": f"{APP}/else"}, {"nonce": "x"}):
        other = provider.code(APP, verifier="v" * 43, nonce="once")
        refused = await send(house, {**body, "code": other, **wrong})
        assert (refused.status, refused.code) == (401, "INVALID_CREDENTIALS")
    assert (await send(house, body)).body["user"]["id"] == jo.id
    assert (await send(house, body)).code == "INVALID_CREDENTIALS", "a code serves once"


async def test_a_code_of_the_browser_s_way_serves_on_no_other(
    house: Server, provider: OidcProvider
) -> None:
    own = next(uri for uri in provider.redirect_uris if "google" in uri)
    code = provider.code(own)
    answered = await send(house, {"code": code, "redirect_uri": own})
    assert answered.code == "INVALID_CREDENTIALS"
    assert provider.asked["/token"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id_token": "x", "code": "y"},
        {"id_token": "x", "ticket": "y"},
        {"id_token": ""},
        {"id_token": "x" * 8193},
        {"id_token": 5},
        {"id_token": "x", "provider": "google"},
    ],
    ids=range(7),
)
async def test_one_proof_is_sent_and_no_more(house: Server, body: dict[str, Any]) -> None:
    answered = await send(house, body)
    assert (answered.status, answered.code) == (400, "VALIDATION_FAILED")


async def test_what_proves_nothing_is_refused_in_one_form(
    house: Server, provider: OidcProvider
) -> None:
    answers = [
        await send(house, {"id_token": provider.id_token(aud="another")}),
        await send(house, {"id_token": "garbage"}),
        await send(house, {"code": "garbage"}),
        await send(house, {"ticket": "garbage", "totp": "111111"}),
    ]
    assert {(answer.status, answer.raw) for answer in answers} == {(401, answers[0].raw)}


async def test_a_provider_that_is_away_is_unavailable(
    house: Server, provider: OidcProvider
) -> None:
    provider.instead[KEYS] = fails(500)
    answered = await sign_in(house, provider)
    assert (answered.status, answered.code) == (503, "UNAVAILABLE")
    assert int(answered.headers["Retry-After"]) > 0


async def test_a_provider_that_is_none_and_one_that_is_not_set_up(
    postgres: Postgres, database_name: str, tmp_path: Path
) -> None:
    url = postgres.application_url(database_name)
    async with serving(url, tmp_path, real_sign_in=True) as server:
        for name, refused in (("google", (503, "NOT_CONFIGURED")), ("other", (404, "NOT_FOUND"))):
            for answered in (
                await send(server, {"id_token": "x"}, name),
                await server.ask("GET", f"/auth/oauth/{name}/start"),
                await server.ask("GET", f"/auth/oauth/{name}/callback?state=x"),
                await server.ask("POST", f"/auth/oauth/{name}/callback", data={"state": "x"}),
            ):
                assert (answered.status, answered.code) == refused
