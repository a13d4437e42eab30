"""A house with people in it who sign in for real."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Secret

from api.accounts.keys import HASHING
from api.accounts.registration import service
from api.keys import DB
from tests.support.server import Answered, Server

PASSWORD = "lantern-oak-39-river"
_numbers = itertools.count(1)


@dataclass(slots=True)
class Person:
    """Somebody with an account, signed in by the contract's own form."""

    server: Server
    id: str
    email: str | None
    username: str
    password: str = PASSWORD
    access: str = ""
    refresh: str = ""
    csrf: str = ""
    user: Mapping[str, Any] = field(default_factory=dict)

    async def sign_in(self, **more: Any) -> Answered:
        name = {"email": self.email} if self.email else {"username": self.username}
        body = {**name, "password": self.password, "refresh_in_body": True, **more}
        answer = await self.server.ask("POST", "/auth/login", json=body)
        if answer.status == 200:
            self.access = answer.body["access"]
            self.refresh = answer.body["refresh"]
            self.csrf = answer.body["csrf_token"]
            self.user = answer.body["user"]
        return answer

    async def ask(self, method: str, path: str, **options: Any) -> Answered:
        return await self.server.ask(method, path, token=self.access, **options)


async def admin(server: Server, email: str | None = None) -> Person:
    """The first admin, or one more; nobody makes one over HTTP once there is one."""
    email = email or f"admin{next(_numbers)}@example.org"
    hashed = await server.app[HASHING].hash(Secret(PASSWORD))
    async with server.app[DB].begin() as tx:
        user = await service.make_admin(tx, email=email, password_hash=hashed)
    person = Person(server, user.id, email, user.username)
    assert (await person.sign_in()).status == 200
    return person


async def pending(server: Server, email: str | None = None, name: str | None = None) -> Person:
    """A parent who has registered and waits."""
    email = email or f"parent{next(_numbers)}@example.org"
    body = {"email": email, "password": PASSWORD, "display_name": name or email.split("@")[0]}
    answer = await server.ask("POST", "/auth/parent/register", json=body)
    assert answer.status == 201, answer.body
    user = answer.body["user"]
    return Person(server, user["id"], email, user["username"], user=user)


async def parent(
    server: Server, by: Person, *, email: str | None = None, family_id: str | None = None
) -> Person:
    """A parent whom an admin let in, signed in."""
    person = await pending(server, email)
    body = {"user_id": person.id, **({"family_id": family_id} if family_id else {})}
    assert (await by.ask("POST", "/auth/admin/approve", json=body)).status == 200
    assert (await person.sign_in()).status == 200
    return person


async def child(by: Person, name: str = "Lia", **more: Any) -> Person:
    """A child of a parent, signed in."""
    body = {"display_name": name, "password": PASSWORD, **more}
    answer = await by.ask("POST", "/auth/child", json=body)
    assert answer.status == 201, answer.body
    user = answer.body["user"]
    person = Person(by.server, user["id"], user["email"], user["username"], user=user)
    assert (await person.sign_in()).status == 200
    return person
