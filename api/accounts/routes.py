"""People over HTTP."""

from aiohttp import web

from api import paging
from api.access import MEMBERS
from api.accounts import people
from api.accounts.schemas import FullUserOut, UserOut, UsersPage, UsersQuery
from api.keys import DB, SETTINGS, VIEWER
from api.routing import Endpoints
from store import circle, users
from store.circle import Position

endpoint = Endpoints("People")


@endpoint.get("/users/me", roles=MEMBERS, returns=FullUserOut, while_enrolling=True)
async def me(request: web.Request) -> FullUserOut:
    """The caller's own account."""
    viewer = request[VIEWER]
    assert viewer.user_id is not None
    async with request.app[DB].read() as db:
        user = await users.find(db, viewer.user_id)
        assert user is not None
        return await people.in_full(db, user)


@endpoint.get("/users", roles=MEMBERS, query=UsersQuery, returns=UsersPage)
async def list_users(request: web.Request, query: UsersQuery) -> UsersPage:
    """The people of the caller's circle; children see only those they may talk to."""
    viewer = request[VIEWER]
    bounds = people.circle_of(viewer, request.app[SETTINGS][people.CHILD_CONTACTS])
    async with request.app[DB].read() as db:
        found = await circle.people(db, query.order, _position(request, query), family_of=bounds)
        page, following = paging.cut(
            request, query, found, lambda listed: [listed.key, listed.user.id]
        )
        shown = await people.shown(db, viewer, [listed.user for listed in page])
        return UsersPage(items=shown, next=following)


@endpoint.get("/users/{username}", roles=MEMBERS, returns=UserOut)
async def read_user(request: web.Request) -> UserOut:
    """One person; guardians and admins see all of them."""
    viewer = request[VIEWER]
    async with request.app[DB].read() as db:
        user = await people.access_user(
            db,
            viewer,
            await users.by_username(db, request.match_info["username"]),
            request.app[SETTINGS][people.CHILD_CONTACTS],
        )
        return (await people.shown(db, viewer, [user]))[0]


def _position(request: web.Request, query: UsersQuery) -> Position:
    behind = paging.after(request, query)
    if behind is None:
        return Position(query.limit + 1, offset=query.offset)
    key, user_id = behind
    return Position(query.limit + 1, behind=(key, user_id))
