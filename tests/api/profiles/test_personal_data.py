"""Game accounts and pictures belong to one person, also on their way out."""

import io
from zipfile import ZipFile

from sqlalchemy import func, select, update

from api.jobs import worker
from api.keys import DB
from store import games, media
from store.keys import KeyRow
from store.users import UserRow
from tests.support import family
from tests.support.family import Person
from tests.support.pictures import plain, saved
from tests.support.server import Server
from tests.support.uploads import blobs, send_avatar
from tests.support.waiting import eventually

SECRET = "correct-horse-Zz9-staple"


async def settle(person: Person) -> None:
    """Somebody has a picture and two game accounts."""
    assert (await send_avatar(person, saved(plain()))).status == 200
    for is_encrypted in (False, True):
        body = {
            "game_name": "Minecraft",
            "username": "Builder",
            "password_plain": SECRET,
            "client_encrypted": is_encrypted,
        }
        assert (await person.ask("POST", "/profiles/me/games", json=body)).status == 201


async def test_what_a_guardian_takes_along_holds_no_password_of_the_child_s(mara: Person) -> None:
    lia = await family.child(mara)
    await settle(lia)
    answered = await mara.ask("GET", f"/account/export?user_id={lia.id}")
    archive = ZipFile(io.BytesIO(answered.raw))
    held = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Minecraft" in held
    assert SECRET.encode() not in held


async def test_with_an_account_go_its_blobs_and_the_keys_to_its_passwords(
    house: Server, mara: Person, admin: Person
) -> None:
    for person in (mara, admin):
        await settle(person)
    assert len(blobs(house)) == 2
    assert (await mara.ask("DELETE", "/account")).status == 202
    async with house.app[DB].begin() as tx:
        await tx.execute(update(UserRow).where(UserRow.id == mara.id).values(erase_at=tx.now))
    job = await worker(house.app).run_here("erase_accounts")
    assert job is not None
    assert job.outcome == {"erased": 1}
    await eventually(lambda: len(blobs(house)) == 1)
    async with house.app[DB].read() as db:
        assert await games.count(db, mara.id) == 0
        assert await media.of(db, mara.id) == []
        keys = select(func.count()).where(KeyRow.kind == "game", KeyRow.owner == mara.id)
        assert await db.scalar(keys) == 0
        assert await games.count(db, admin.id) == 2
    url = (await admin.ask("GET", "/profiles/me")).body["avatar_url"]
    assert (await admin.ask("GET", url)).status == 200
