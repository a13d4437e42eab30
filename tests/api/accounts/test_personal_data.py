"""Taking one's data along, and leaving for good."""

import io
import json
from typing import Any
from zipfile import ZipFile

import pytest
from aiohttp import web

from api.jobs import worker
from api.keys import DB
from store import families
from store.jobs import State
from tests.support import family
from tests.support.clock import MovableClock
from tests.support.family import PASSWORD, Person
from tests.support.kept import everything_kept
from tests.support.pictures import opened, plain, saved
from tests.support.server import Server
from tests.support.uploads import send_avatar

DAY = 86_400.0


@pytest.fixture
async def admin(house: Server) -> Person:
    return await family.admin(house)


@pytest.fixture
async def mara(admin: Person) -> Person:
    return await family.parent(admin.server, admin)


async def exported(person: Person, query: str = "") -> dict[str, Any]:
    answer = await person.ask("GET", f"/account/export{query}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert "attachment" in answer.headers["Content-Disposition"]
    with ZipFile(io.BytesIO(answer.raw)) as zipped:
        assert zipped.testzip() is None
        return {
            name: json.loads(zipped.read(name)) if name.endswith(".json") else zipped.read(name)
            for name in zipped.namelist()
        }


async def erase_what_is_due(app: web.Application) -> dict[str, Any]:
    job = await worker(app).run_here("erase_accounts")
    assert job is not None
    assert job.state is State.DONE, job.outcome
    return dict(job.outcome or {})


async def test_an_export_holds_what_is_known_and_no_secret(mara: Person) -> None:
    lia = await family.child(mara, "Lia", birth_date="2017-05-21", pin="4711")
    game = {"game_name": "Chess", "username": "Mara", "password_plain": "a password of hers"}
    assert (await mara.ask("POST", "/profiles/me/games", json=game)).status == 201
    await send_avatar(mara, saved(plain()))
    own = await exported(mara)
    [avatar] = [own.pop(name) for name in list(own) if name.startswith("media/")]
    assert opened(avatar).size == (512, 512)
    assert own["account.json"]["email"] == mara.email
    assert own["games.json"][0]["game_name"] == "Chess"
    assert own["family.json"]["children"] == [lia.id]
    assert len(own["sessions.json"]) == 1
    hers = await exported(mara, f"?user_id={lia.id}")
    assert hers["account.json"]["birth_date"] == "2017-05-21"
    assert hers["family.json"]["guardians"] == [mara.id]
    for words in (PASSWORD, "argon2", "4711", "a password of hers", mara.refresh):
        assert words not in json.dumps([own, hers])


async def test_an_account_goes_after_the_days_of_grace(
    admin: Person, mara: Person, clock: MovableClock
) -> None:
    app = mara.server.app
    game = {"game_name": "Backgammon", "username": "Mara", "password_plain": "a password of hers"}
    assert (await mara.ask("POST", "/profiles/me/games", json=game)).status == 201
    await send_avatar(mara, saved(plain()))
    asked = await mara.ask("DELETE", "/account")
    assert asked.status == 202
    assert asked.body["user_id"] == mara.id
    again = await mara.ask("DELETE", "/account")
    assert again.body == asked.body
    clock.move(6 * DAY)
    assert await erase_what_is_due(app) == {"erased": 0}
    assert (await mara.sign_in()).status == 200
    clock.move(DAY)
    assert await erase_what_is_due(app) == {"erased": 1}
    assert (await mara.sign_in()).status == 401
    assert (await admin.sign_in()).status == 200
    assert (await admin.ask("GET", f"/users/{mara.username}")).status == 404
    async with app[DB].read() as db:
        kept = await everything_kept(db)
    assert mara.email is not None
    assert mara.email not in kept
    assert [row for row in kept.split("\n") if "Backgammon" in row] == []


async def test_a_deletion_can_be_called_off(mara: Person, clock: MovableClock) -> None:
    await mara.ask("DELETE", "/account")
    assert (await mara.ask("DELETE", "/account/deletion")).status == 204
    assert (await mara.ask("DELETE", "/account/deletion")).status == 204
    clock.move(8 * DAY)
    assert await erase_what_is_due(mara.server.app) == {"erased": 0}
    assert (await mara.sign_in()).status == 200


async def test_a_guardian_decides_about_a_child_s_account(
    mara: Person, clock: MovableClock
) -> None:
    lia = await family.child(mara)
    refused = await lia.ask("DELETE", "/account")
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert (await mara.ask("DELETE", f"/account?user_id={lia.id}")).status == 202
    clock.move(8 * DAY)
    assert await erase_what_is_due(mara.server.app) == {"erased": 1}
    assert (await lia.sign_in()).status == 401
    assert (await mara.sign_in()).status == 200


async def test_no_child_is_left_alone(admin: Person, mara: Person, clock: MovableClock) -> None:
    lia = await family.child(mara)
    alone = await mara.ask("DELETE", "/account")
    assert (alone.status, alone.code) == (409, "CONFLICT")
    jonas = await family.parent(admin.server, admin)
    path = f"/auth/child/{lia.id}/guardians"
    await mara.ask("POST", path, json={"user_id": jonas.id})
    assert (await mara.ask("DELETE", "/account")).status == 202
    assert (await jonas.ask("DELETE", "/account")).status == 409
    clock.move(8 * DAY)
    assert await erase_what_is_due(mara.server.app) == {"erased": 1}
    await lia.sign_in()
    assert lia.user["parent_id"] == jonas.id
    async with mara.server.app[DB].read() as db:
        assert [guardian.id for guardian in await families.guardians(db, lia.id)] == [jonas.id]


async def test_the_last_guardian_who_stays_is_not_removed(admin: Person, mara: Person) -> None:
    lia = await family.child(mara)
    jonas = await family.parent(admin.server, admin)
    path = f"/auth/child/{lia.id}/guardians"
    await mara.ask("POST", path, json={"user_id": jonas.id})
    await mara.ask("DELETE", "/account")
    refused = await jonas.ask("DELETE", f"{path}/{jonas.id}")
    assert (refused.status, refused.code) == (409, "CONFLICT")
    await mara.ask("DELETE", "/account/deletion")
    assert (await jonas.ask("DELETE", f"{path}/{jonas.id}")).status == 204


async def test_the_last_admin_stays(admin: Person) -> None:
    listed = await admin.ask("GET", "/admin/accounts?role=ADMIN&limit=200")
    for other in listed.body["items"]:
        if other["id"] != admin.id and other["status"] == "ACTIVE":
            await admin.ask("POST", f"/admin/accounts/{other['id']}/suspend")
    assert (await admin.ask("DELETE", "/account")).code == "CONFLICT"


async def test_others_accounts_are_nobody_s(admin: Person, mara: Person) -> None:
    lia = await family.child(mara)
    other = await family.parent(admin.server, admin)
    for person in (other, admin, lia):
        for method, path in (("GET", "/account/export"), ("DELETE", "/account")):
            target = mara.id if person is lia else lia.id
            assert (await person.ask(method, f"{path}?user_id={target}")).status == 404
