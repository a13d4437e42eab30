"""Families: who belongs together, who answers for whom, and who is kept out."""

import asyncio

import pytest

from tests.support import family
from tests.support.family import PASSWORD, Person
from tests.support.server import Server


@pytest.fixture
async def admin(house: Server) -> Person:
    return await family.admin(house)


async def families_of(person: Person) -> set[str]:
    me = await person.ask("GET", "/users/me")
    return set(me.body["families"])


async def add_guardian(by: Person, child: Person, guardian: Person) -> None:
    path = f"/auth/child/{child.id}/guardians"
    answer = await by.ask("POST", path, json={"user_id": guardian.id})
    assert answer.status == 201, answer.body


async def test_a_second_parent_joins_the_family_that_there_is(admin: Person) -> None:
    mara = await family.parent(admin.server, admin)
    [home] = await families_of(mara)
    jonas = await family.parent(admin.server, admin, family_id=home)
    lia = await family.child(jonas)
    assert await families_of(jonas) == await families_of(lia) == {home}


async def test_a_family_that_is_none_is_not_joined(admin: Person) -> None:
    waiting = await family.pending(admin.server)
    for family_id in ("f_01jn8xv3k0e5qr7s9tbcdfghj2", "garbage", waiting.id):
        body = {"user_id": waiting.id, "family_id": family_id}
        assert (await admin.ask("POST", "/auth/admin/approve", json=body)).status == 404
    assert (await waiting.sign_in()).code == "PENDING_APPROVAL"


async def test_an_added_guardian_and_the_child_belong_to_both_houses(admin: Person) -> None:
    mara, jonas = [await family.parent(admin.server, admin) for _ in range(2)]
    lia, ben = await family.child(mara, "Lia"), await family.child(jonas, "Ben")
    [hers], [his] = await families_of(mara), await families_of(jonas)
    await add_guardian(mara, lia, jonas)
    assert await families_of(lia) == {hers, his}
    assert await families_of(jonas) == {his, hers}
    assert await families_of(ben) == {his}, "nobody asked his guardians about hers"
    assert await families_of(mara) == {hers}
    path = f"/auth/child/{lia.id}/guardians/{jonas.id}"
    assert (await mara.ask("DELETE", path)).status == 204
    assert await families_of(lia) == {hers}
    assert await families_of(jonas) == {his}


async def test_a_stranger_who_makes_me_a_guardian_comes_no_nearer_to_my_children(
    admin: Person,
) -> None:
    stranger, jonas = [await family.parent(admin.server, admin) for _ in range(2)]
    theirs, ben = await family.child(stranger, "Ava"), await family.child(jonas, "Ben")
    await add_guardian(stranger, theirs, jonas)
    seen = (await ben.ask("GET", "/users")).body["items"]
    assert stranger.id not in {user["id"] for user in seen}
    path = f"/auth/child/{theirs.id}/guardians/{jonas.id}"
    assert (await jonas.ask("DELETE", path)).status == 204


async def test_a_second_guardian_may_do_all_but_remove_the_first(admin: Person) -> None:
    mara, jonas, ruth = [await family.parent(admin.server, admin) for _ in range(3)]
    lia = await family.child(mara)
    await add_guardian(mara, lia, jonas)
    await add_guardian(jonas, lia, ruth)
    path = f"/auth/child/{lia.id}/guardians"
    refused = await jonas.ask("DELETE", f"{path}/{mara.id}")
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert (await mara.ask("DELETE", f"{path}/{mara.id}")).status == 403
    assert (await jonas.ask("DELETE", f"{path}/{ruth.id}")).status == 204
    assert (await jonas.ask("DELETE", f"{path}/{jonas.id}")).status == 204
    assert (await jonas.ask("POST", path, json={"user_id": ruth.id})).status == 404


async def test_guardians_are_named_primary_first(admin: Person) -> None:
    mara, jonas = [await family.parent(admin.server, admin) for _ in range(2)]
    lia = await family.child(mara)
    path = f"/auth/child/{lia.id}/guardians"
    answer = await mara.ask("POST", path, json={"user_id": jonas.id})
    assert [user["id"] for user in answer.body["guardians"]] == [mara.id, jonas.id]
    again = await mara.ask("POST", path, json={"user_id": jonas.id})
    assert again.body == answer.body


async def test_only_a_parent_who_is_here_becomes_a_guardian(admin: Person) -> None:
    mara = await family.parent(admin.server, admin)
    lia, ben = await family.child(mara, "Lia"), await family.child(mara, "Ben")
    waiting = await family.pending(admin.server)
    path = f"/auth/child/{lia.id}/guardians"
    assert (await mara.ask("POST", path, json={"user_id": ben.id})).status == 403
    for user_id in (waiting.id, "u_01jn8xv3k0e5qr7s9tbcdfghj2", "garbage"):
        assert (await mara.ask("POST", path, json={"user_id": user_id})).status == 404


async def test_a_child_s_account_is_made_once_however_often_it_is_asked_for(
    admin: Person,
) -> None:
    mara = await family.parent(admin.server, admin)
    body = {"display_name": "Lia", "password": PASSWORD, "username": "lia-once"}
    key = {"Idempotency-Key": "lia"}
    first = await mara.ask("POST", "/auth/child", json=body, headers=key)
    again = await mara.ask("POST", "/auth/child", json=body, headers=key)
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    other = {**body, "display_name": "Ben"}
    mismatch = await mara.ask("POST", "/auth/child", json=other, headers=key)
    assert (mismatch.status, mismatch.code) == (422, "IDEMPOTENCY_MISMATCH")
    taken = await mara.ask("POST", "/auth/child", json={**body, "username": "LIA-once"})
    assert (taken.status, taken.code) == (409, "USERNAME_TAKEN")


async def test_a_repeated_request_opens_nothing_to_who_has_lost_it(
    admin: Person,
) -> None:
    mara, jonas, ruth = [await family.parent(admin.server, admin) for _ in range(3)]
    lia = await family.child(mara)
    await add_guardian(mara, lia, jonas)
    path, key = f"/auth/child/{lia.id}/guardians", {"Idempotency-Key": "ruth"}
    body = {"user_id": ruth.id}
    assert (await jonas.ask("POST", path, json=body, headers=key)).status == 201
    assert (await mara.ask("DELETE", f"{path}/{jonas.id}")).status == 204
    assert (await jonas.ask("POST", path, json=body, headers=key)).status == 404


async def test_what_nobody_can_read_is_no_name(admin: Person) -> None:
    mara = await family.parent(admin.server, admin)
    for name in ("\u200b", "\u202eaiL", " ", ""):
        body = {"display_name": name, "password": PASSWORD}
        assert (await mara.ask("POST", "/auth/child", json=body)).code == "VALIDATION_FAILED"
    for address in ("\u0130smail@example.org", "a\u202e@example.org", "a\x01@example.org"):
        body = {"email": address, "password": PASSWORD}
        answer = await admin.server.ask("POST", "/auth/parent/register", json=body)
        assert answer.code == "VALIDATION_FAILED", address


async def test_names_are_found_for_those_who_chose_none(admin: Person) -> None:
    mara = await family.parent(admin.server, admin)
    chosen = ("Zoë Ünal", "Zoë Ünal", "李", "me", "x", "A" * 80)
    names = [(await family.child(mara, display_name)).username for display_name in chosen]
    assert names[:2] == ["zoe-unal", "zoe-unal-2"]
    assert names[2:5] == ["someone-home", "me-home", "x-home"]
    assert 3 <= len(names[5]) <= 40
    assert len(set(names)) == len(names)


async def test_two_of_one_name_who_come_at_once_both_get_in(house: Server) -> None:
    people = await asyncio.gather(
        *(family.pending(house, f"twin{n}@example.org", "Twin") for n in range(8))
    )
    assert len({person.username for person in people}) == 8


async def test_an_address_has_one_account_whatever_its_case(house: Server) -> None:
    bodies = [{"email": f"{n}@Example.org", "password": PASSWORD} for n in ("one", "ONE", "One")]
    answers = await asyncio.gather(
        *(house.ask("POST", "/auth/parent/register", json=body) for body in bodies)
    )
    assert sorted(answer.status for answer in answers) == [201, 409, 409]
    assert {answer.code for answer in answers if answer.status == 409} == {"EMAIL_TAKEN"}


async def test_a_guardian_sees_the_children_and_how_they_stand(admin: Person) -> None:
    mara, jonas = [await family.parent(admin.server, admin) for _ in range(2)]
    lia = await family.child(mara, "Lia", birth_date="2017-05-21")
    ben = await family.child(mara, "Ben")
    await add_guardian(mara, lia, jonas)
    answer = await mara.ask("GET", "/family")
    assert [child["id"] for child in answer.body["items"]] == [lia.id, ben.id]
    first = answer.body["items"][0]
    assert (first["status"], first["parent_id"]) == ("ACTIVE", mara.id)
    assert [user["id"] for user in first["guardians"]] == [mara.id, jonas.id]
    assert first["contacts"]["mode"] == "approved"
    assert first["screen_time"]["left_minutes"] is None
    [household] = answer.body["families"]
    assert {user["id"] for user in household["members"]} == {mara.id, jonas.id, lia.id, ben.id}
    in_full = {user["id"] for user in household["members"] if "email" in user}
    assert in_full == {mara.id, lia.id, ben.id}
    page = await mara.ask("GET", "/family?limit=1")
    rest = await mara.ask("GET", f"/family?limit=1&cursor={page.body['next']}")
    assert [child["id"] for child in rest.body["items"]] == [ben.id]
    assert rest.body["next"] is None
    assert [child["id"] for child in (await jonas.ask("GET", "/family")).body["items"]] == [lia.id]
