"""Game accounts: what is kept of them, for whom, and that no password ever comes back."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from api.keys import DB, ENVELOPE
from store import games
from store.games import GameCredentialRow
from store.keys import KeyRow
from tests.support import family
from tests.support.family import Person
from tests.support.kept import everything_kept
from tests.support.server import Answered, Server

SECRET = "correct-horse-Zz9-staple"


async def keep(person: Person, key: str | None = None, **more: Any) -> Answered:
    body = {"game_name": "Minecraft", "username": "MaraBuilds", **more}
    headers = {} if key is None else {"Idempotency-Key": key}
    return await person.ask("POST", "/profiles/me/games", json=body, headers=headers)


async def kept(person: Person, **more: Any) -> str:
    answered = await keep(person, **more)
    assert answered.status == 201, answered.body
    credential_id: str = answered.body["id"]
    return credential_id


async def blob(person: Person, credential_id: str) -> Answered:
    return await person.ask("GET", f"/profiles/me/games/{credential_id}/blob")


async def test_a_game_account_is_kept_without_telling_its_password(mara: Person) -> None:
    answered = await keep(mara, password_plain=SECRET)
    assert answered.status == 201
    profile = (await mara.ask("GET", "/profiles/me")).body
    assert answered.body == {
        "id": answered.body["id"],
        "profile_id": profile["id"],
        "game_name": "Minecraft",
        "username": "MaraBuilds",
        "client_encrypted": False,
        "created_at": answered.body["created_at"],
    }
    assert profile["games"] == [answered.body]


async def test_no_password_stands_anywhere_in_the_clear(
    house: Server, mara: Person, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [
        await keep(mara, "k1", password_plain=SECRET),
        await keep(mara, "k1", password_plain=SECRET),
        await keep(mara, "k1", password_plain=SECRET, client_encrypted=True),
        await keep(mara, "k2", password_plain=SECRET, client_encrypted=True),
        await keep(mara, password_plain=SECRET, unknown=SECRET),
        await keep(mara, password_plain=[SECRET]),
        await mara.ask("GET", "/profiles/me"),
        await mara.ask("GET", "/profiles/me/games"),
        await blob(mara, (await mara.ask("GET", "/profiles/me/games")).body["items"][0]["id"]),
    ]
    assert [answer.status for answer in answers] == [201, 201, 422, 201, 400, 400, 200, 200, 404]
    assert [answer.status for answer in answers if SECRET.encode() in answer.raw] == []
    async with house.app[DB].read() as db:
        stored = await everything_kept(db)
    assert "MaraBuilds" in stored
    for form in (SECRET, SECRET.encode().hex()):
        assert form not in stored
        assert form not in caplog.text


async def test_what_the_client_encrypted_comes_back_as_it_came(mara: Person) -> None:
    ciphertext = "AZ9fQ0kT1mB4w7Yd+/= \N{SNOWMAN}\n"
    credential_id = await kept(mara, password_plain=ciphertext, client_encrypted=True)
    answered = await blob(mara, credential_id)
    assert (answered.status, answered.body) == (200, {"blob": ciphertext})
    assert answered.headers["Cache-Control"] == "no-store"


async def test_what_came_in_the_clear_and_what_never_came_have_no_blob(mara: Person) -> None:
    for credential_id in (await kept(mara, password_plain=SECRET), await kept(mara)):
        answered = await blob(mara, credential_id)
        assert (answered.status, answered.code) == (404, "NOT_FOUND")


async def test_nothing_can_t_have_been_encrypted(mara: Person) -> None:
    answered = await keep(mara, client_encrypted=True)
    assert (answered.status, answered.code) == (400, "VALIDATION_FAILED")
    assert answered.body["error"]["details"][0]["field"] == "password_plain"


async def test_each_record_has_a_key_and_an_iv_of_its_own(house: Server, mara: Person) -> None:
    ids = [await kept(mara, password_plain=SECRET) for _ in range(2)]
    async with house.app[DB].read() as db:
        rows = list(await db.execute(select(*_SEALED).where(GameCredentialRow.id.in_(ids))))
        kinds = list(
            await db.execute(
                select(KeyRow.kind, KeyRow.owner).where(KeyRow.id.in_([row.key_id for row in rows]))
            )
        )
    for part in zip(*rows, strict=True):
        assert len(set(part)) == 2
    assert [len(row.iv) for row in rows] == [12, 12]
    assert kinds == [("game", mara.id)] * 2


_SEALED = (GameCredentialRow.key_id, GameCredentialRow.iv, GameCredentialRow.password_ciphertext)


async def test_a_ciphertext_in_another_row_does_not_open(
    house: Server, mara: Person, admin: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """As if somebody with the database had put another's password where they can read it."""
    victim = await kept(admin, password_plain=SECRET)
    own = await kept(mara, password_plain="x", client_encrypted=True)
    async with house.app[DB].begin() as tx:
        sealed = (await tx.execute(select(*_SEALED).where(GameCredentialRow.id == victim))).one()
        await tx.execute(
            update(GameCredentialRow).where(GameCredentialRow.id == own).values(**sealed._mapping)
        )
    answered = await blob(mara, own)
    assert (answered.status, answered.code) == (409, "CONFLICT")
    assert "Delete the entry" in answered.body["error"]["message"]
    assert SECRET.encode() not in answered.raw
    assert "game_credential_does_not_open" in caplog.text


async def test_the_key_of_another_record_does_not_serve(house: Server, mara: Person) -> None:
    ids = [await kept(mara, password_plain="x", client_encrypted=True) for _ in range(2)]
    async with house.app[DB].begin() as tx:
        keys = [
            await tx.scalar(select(GameCredentialRow.key_id).where(GameCredentialRow.id == each))
            for each in ids
        ]
        wrapped = await tx.scalar(select(KeyRow.wrapped).where(KeyRow.id == keys[1]))
        await tx.execute(update(KeyRow).where(KeyRow.id == keys[0]).values(wrapped=wrapped))
    assert (await blob(mara, ids[0])).status == 409
    assert (await blob(mara, ids[1])).status == 200


async def test_forgetting_destroys_the_key(house: Server, mara: Person) -> None:
    credential_id = await kept(mara, password_plain="x", client_encrypted=True)
    path = f"/profiles/me/games/{credential_id}"
    async with house.app[DB].read() as db:
        sealed = (
            await db.execute(select(*_SEALED).where(GameCredentialRow.id == credential_id))
        ).one()
    assert (await mara.ask("DELETE", path)).status == 204
    assert (await mara.ask("DELETE", path)).code == "NOT_FOUND"
    assert (await blob(mara, credential_id)).code == "NOT_FOUND"
    assert (await mara.ask("GET", "/profiles/me/games")).body["items"] == []
    async with house.app[DB].read() as db:
        assert await db.scalar(select(KeyRow.id).where(KeyRow.id == sealed.key_id)) is None


async def test_nobody_but_their_owner_knows_of_them(mara: Person, admin: Person) -> None:
    lia = await family.child(mara)
    theirs = await kept(lia, password_plain="x", client_encrypted=True)
    for other in (mara, admin):
        assert (await blob(other, theirs)).code == "NOT_FOUND"
        assert (await other.ask("DELETE", f"/profiles/me/games/{theirs}")).code == "NOT_FOUND"
        assert (await other.ask("GET", "/profiles/me/games")).body["items"] == []
    assert (await blob(lia, theirs)).status == 200


@pytest.mark.parametrize("wrong", ["g_01jn8xv3k0e5qr7s9tbcdfghj2", "u_x", "g_%00", "%F0%9F%A6%8A"])
async def test_an_id_that_names_nothing_is_not_found(mara: Person, wrong: str) -> None:
    assert (await blob(mara, wrong)).code == "NOT_FOUND"
    assert (await mara.ask("DELETE", f"/profiles/me/games/{wrong}")).code == "NOT_FOUND"


async def test_they_are_listed_page_by_page_oldest_first(mara: Person) -> None:
    ids = [await kept(mara, game_name=f"Game {number}") for number in range(5)]
    found: list[str] = []
    cursor = None
    while True:
        more = "" if cursor is None else f"&cursor={cursor}"
        page = (await mara.ask("GET", f"/profiles/me/games?limit=2{more}")).body
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == ids


async def test_a_repeated_request_keeps_one(mara: Person) -> None:
    first, again = await keep(mara, "k1", username="x"), await keep(mara, "k1", username="x")
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert (await keep(mara, "k1", username="y")).code == "IDEMPOTENCY_MISMATCH"
    assert len((await mara.ask("GET", "/profiles/me/games")).body["items"]) == 1


async def test_a_hundred_are_enough_even_for_two_at_once(house: Server, mara: Person) -> None:
    async with house.app[DB].begin() as tx:
        for number in range(99):
            new = games.NewGameCredential(f"Game {number}", "m", None, client_encrypted=False)
            await games.add(tx, house.app[ENVELOPE], mara.id, new)
    answers = await asyncio.gather(*(keep(mara) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    profile = (await mara.ask("GET", "/profiles/me")).body
    assert len(profile["games"]) == 100
    await mara.ask("DELETE", f"/profiles/me/games/{profile['games'][0]['id']}")
    assert (await keep(mara)).status == 201
