"""The way in: a parent registers, an admin approves, the parent brings the children."""

from tests.support import family
from tests.support.family import PASSWORD
from tests.support.server import Server


async def test_the_parent_first_flow_whole(house: Server) -> None:
    admin = await family.admin(house)
    registered = await house.ask(
        "POST",
        "/auth/parent/register",
        json={"email": "Mara@example.org", "password": PASSWORD, "display_name": "Mara"},
    )
    assert registered.status == 201
    user = registered.body["user"]
    assert (user["status"], user["role"], user["families"]) == ("PENDING", "PARENT", [])
    assert "access" not in registered.body
    assert "Set-Cookie" not in registered.headers

    credentials = {"email": "mara@example.org", "password": PASSWORD}
    refused = await house.ask("POST", "/auth/login", json=credentials)
    assert (refused.status, refused.code) == (403, "PENDING_APPROVAL")

    approved = await admin.ask("POST", "/auth/admin/approve", json={"user_id": user["id"]})
    assert approved.status == 200
    assert approved.body["user"]["status"] == "ACTIVE"
    assert approved.body["user"]["approved_by_admin"] is True
    assert len(approved.body["user"]["families"]) == 1
    again = await admin.ask("POST", "/auth/admin/approve", json={"user_id": user["id"]})
    assert again.body == approved.body

    mara = await house.ask("POST", "/auth/login", json=credentials)
    assert mara.status == 200
    assert mara.body["expires_in"] == 900
    assert mara.body["refresh"] is None

    created = await house.ask(
        "POST",
        "/auth/child",
        token=mara.body["access"],
        json={
            "display_name": "Lia",
            "password": PASSWORD,
            "birth_date": "2017-05-21",
            "pin": "4711",
        },
    )
    assert created.status == 201
    lia = created.body["user"]
    assert (lia["role"], lia["status"], lia["parent_id"]) == ("CHILD", "ACTIVE", user["id"])
    assert lia["families"] == approved.body["user"]["families"]

    signed_in = await house.ask(
        "POST", "/auth/login", json={"username": lia["username"].upper(), "password": PASSWORD}
    )
    assert signed_in.status == 200
    me = await house.ask("GET", "/users/me", token=signed_in.body["access"])
    assert me.body["id"] == lia["id"]
