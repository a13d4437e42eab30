"""People: who sees whom, and how much of them."""

from typing import Any

import pytest

from api.keys import DB, SIGHTINGS
from tests.support import family
from tests.support.family import Person
from tests.support.server import Server

OF_THEIR_OWN = {"email", "parent_id", "status", "last_seen", "approved_by_admin"}


@pytest.fixture
async def admin(house: Server) -> Person:
    return await family.admin(house)


async def usernames(person: Person, query: str = "") -> list[str]:
    answer = await person.ask("GET", f"/users{query}")
    assert answer.status == 200, answer.body
    return [user["username"] for user in answer.body["items"]]


async def look(person: Person, at: Person) -> Any:
    return await person.ask("GET", f"/users/{at.username}")


async def test_who_sees_all_of_a_person_and_who_does_not(admin: Person) -> None:
    mara, jonas, other = [await family.parent(admin.server, admin) for _ in range(3)]
    lia, ben = await family.child(mara, "Lia"), await family.child(mara, "Ben")
    path = f"/auth/child/{lia.id}/guardians"
    await mara.ask("POST", path, json={"user_id": jonas.id})
    for person in (lia, mara, jonas, admin):
        assert (await look(person, lia)).body.keys() >= OF_THEIR_OWN
    for person in (ben, other):
        assert not OF_THEIR_OWN & (await look(person, lia)).body.keys()
    assert not OF_THEIR_OWN & (await look(jonas, ben)).body.keys()


async def test_children_see_their_family_and_nobody_else(admin: Person) -> None:
    mara, other = [await family.parent(admin.server, admin) for _ in range(2)]
    lia, ben = await family.child(mara, "Lia"), await family.child(mara, "Ben")
    neighbour = await family.child(other, "Nele")
    assert set(await usernames(lia)) == {lia.username, ben.username, mara.username}
    for stranger in (other, neighbour, admin):
        assert (await look(lia, stranger)).status == 404
    assert {neighbour.username, lia.username} <= set(await usernames(mara, "?limit=200"))
    setting = {"settings": {"child_contacts": "open"}}
    await admin.ask("PUT", "/admin/settings", json=setting)
    assert (await look(lia, neighbour)).status == 200
    await admin.ask("PUT", "/admin/settings", json={"settings": {"child_contacts": "approved"}})
    assert (await look(lia, neighbour)).status == 404


async def test_whoever_is_not_in_is_not_seen(admin: Person) -> None:
    mara = await family.parent(admin.server, admin)
    waiting = await family.pending(admin.server)
    held = await family.parent(admin.server, admin)
    await admin.ask("POST", f"/admin/accounts/{held.id}/suspend")
    for hidden in (waiting, held):
        assert (await look(mara, hidden)).status == 404
        assert hidden.username not in await usernames(mara, "?limit=200")
        assert (await look(admin, hidden)).status == 200


async def test_a_name_is_found_in_any_case_and_garbage_is_nobody(admin: Person) -> None:
    mara = await family.parent(admin.server, admin)
    assert (await mara.ask("GET", f"/users/{mara.username.upper()}")).status == 200
    for name in ("nobody", "%25", "a'b", "\u00e4", "x" * 300):
        answer = await mara.ask("GET", f"/users/{name}")
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
        assert answer.body["detail"] == answer.body["error"]["message"]


@pytest.mark.parametrize("order", ["username", "display_name", "created_at"])
async def test_pages_neither_skip_nor_repeat_in_any_order(admin: Person, order: str) -> None:
    mara = await family.parent(admin.server, admin)
    for name in ("Ada", "ada", "Bea", "Cem", "Dan"):
        await family.child(mara, name)
    lia = await family.child(mara, "Lia")
    for sign in ("", "-"):
        whole = await usernames(lia, f"?order={sign}{order}")
        assert len(whole) == 7
        paged, cursor = [], ""
        while True:
            answer = await lia.ask("GET", f"/users?limit=2&order={sign}{order}{cursor}")
            paged += [user["username"] for user in answer.body["items"]]
            if answer.body["next"] is None:
                break
            cursor = f"&cursor={answer.body['next']}"
        assert paged == whole
        assert await usernames(lia, f"?order={sign}{order}&offset=3&limit=2") == whole[3:5]
    assert (
        await usernames(lia, f"?order=-{order}") == (await usernames(lia, f"?order={order}"))[::-1]
    )


async def test_names_in_any_script_are_paged_like_others(admin: Person) -> None:
    mara = await family.parent(admin.server, admin)
    for name in ("ΟΔΥΣΣΕΥΣ", "İpek", "Irma", "Ivo", "\N{GRINNING FACE}" * 80):
        await family.child(mara, name)
    lia = await family.child(mara, "Lia")
    for order in ("display_name", "-display_name"):
        whole = await usernames(lia, f"?order={order}")
        paged: list[str] = []
        cursor: str | None = ""
        while cursor is not None and len(paged) <= len(whole):
            behind = f"&cursor={cursor}" if cursor else ""
            answer = await lia.ask("GET", f"/users?limit=1&order={order}{behind}")
            paged += [user["username"] for user in answer.body["items"]]
            cursor = answer.body["next"]
        assert paged == whole


async def test_a_cursor_belongs_to_its_order(admin: Person) -> None:
    mara = await family.parent(admin.server, admin)
    await family.child(mara)
    first = await mara.ask("GET", "/users?limit=1&order=username")
    other = await mara.ask("GET", f"/users?limit=1&order=created_at&cursor={first.body['next']}")
    assert other.code == "VALIDATION_FAILED"


async def test_being_here_is_noted(admin: Person) -> None:
    mara = await family.parent(admin.server, admin)
    await mara.ask("GET", "/users/me")
    await admin.server.app[SIGHTINGS].write(admin.server.app[DB])
    seen = (await look(admin, mara)).body["last_seen"]
    assert seen is not None
    [device] = (await mara.ask("GET", "/auth/sessions")).body["items"]
    assert device["last_used_at"] == seen
