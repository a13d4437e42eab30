"""Profiles and game credentials over HTTP."""

from aiohttp import web

from api import paging
from api.access import MEMBERS
from api.errors import Code
from api.idempotency import begin
from api.keys import DB, ENVELOPE, INTAKE, VIEWER
from api.media.refusals import UPLOAD_REFUSALS
from api.multipart import MULTIPART
from api.profiles import games_service, service
from api.profiles.schemas import (
    ChangeProfile,
    GameBlobOut,
    GameCredentialOut,
    NewAvatar,
    NewGameCredential,
    ProfileOut,
)
from api.routing import Endpoints
from api.wire import Page, PageQuery
from store import games
from store.database import Reading
from store.users import User

endpoint = Endpoints("Profiles")

_MIB = 1024 * 1024


@endpoint.get("/profiles/me", roles=MEMBERS, returns=ProfileOut)
async def read_profile(request: web.Request) -> ProfileOut:
    """The caller's profile."""
    async with request.app[DB].read() as db:
        return await _profile(db, await service.access_own(db, request[VIEWER]))


@endpoint.put("/profiles/me", roles=MEMBERS, body=ChangeProfile, returns=ProfileOut)
async def change_profile(request: web.Request, body: ChangeProfile) -> ProfileOut:
    """Change the caller's profile.

    What is left out stays as it is, and null empties a field. What was got can be put back.
    """
    async with begin(request) as tx:
        return await _profile(tx, await service.change(tx, request[VIEWER], body))


@endpoint.post(
    "/profiles/me/avatar",
    roles=MEMBERS,
    body=NewAvatar,
    consumes=MULTIPART,
    largest=5 * _MIB,
    returns=ProfileOut,
    refuses=UPLOAD_REFUSALS,
)
async def change_avatar(request: web.Request, body: NewAvatar) -> ProfileOut:
    """Give the caller another picture.

    A JPEG, PNG or WebP of up to 5 MiB and 50 megapixels. Its middle becomes a WebP, 512 pixels
    square, without anything that was noted in the file: when, where and by what it was taken. The
    picture before it goes.
    """
    async with (
        request.app[INTAKE].square(body.file, service.AVATAR_EDGE) as picture,
        begin(request) as tx,
    ):
        return await _profile(tx, await service.change_avatar(tx, request[VIEWER], picture))


async def read_again(request: web.Request, credential_id: str) -> GameCredentialOut:
    async with request.app[DB].read() as db:
        credential = await games_service.access_game(db, request[VIEWER], credential_id)
    return GameCredentialOut.of(credential)


@endpoint.get("/profiles/me/games", roles=MEMBERS, query=PageQuery, returns=Page[GameCredentialOut])
async def list_games(request: web.Request, query: PageQuery) -> Page[GameCredentialOut]:
    """The caller's game accounts, without their passwords; oldest first."""
    behind = paging.after(request, query)
    async with request.app[DB].read() as db:
        found = await games.page(
            db, service.own_id(request[VIEWER]), query.limit + 1, behind[0] if behind else None
        )
    page, following = paging.cut(request, query, found, lambda credential: [credential.id])
    return Page[GameCredentialOut](
        items=[GameCredentialOut.of(credential) for credential in page], next=following
    )


@endpoint.post(
    "/profiles/me/games",
    roles=MEMBERS,
    body=NewGameCredential,
    returns=GameCredentialOut,
    status=201,
    again=read_again,
)
async def keep_game(request: web.Request, body: NewGameCredential) -> GameCredentialOut:
    """Keep a game account.

    A password that is sent in the clear is sealed, and no route ever gives it back. One that the
    client has encrypted itself (`client_encrypted`) can be read again as it came. Each person may
    have a hundred; one more is a conflict.
    """
    async with begin(request) as tx:
        credential = await games_service.keep(tx, request.app[ENVELOPE], request[VIEWER], body)
    return GameCredentialOut.of(credential)


@endpoint.delete("/profiles/me/games/{id}", roles=MEMBERS, returns=None, status=204)
async def forget_game(request: web.Request) -> None:
    """Forget a game account, and destroy the key to its password."""
    async with begin(request) as tx:
        await games_service.forget(
            tx, request.app[ENVELOPE], request[VIEWER], request.match_info["id"]
        )


@endpoint.get(
    "/profiles/me/games/{id}/blob",
    roles=MEMBERS,
    returns=GameBlobOut,
    refuses=(Code.CONFLICT,),
)
async def read_blob(request: web.Request) -> GameBlobOut:
    """What the client had encrypted itself; a password sent in the clear is never given back.

    For that, and for an account without a password, there is nothing here: 404. 409 says that the
    stored password was tampered with and does not open.
    """
    async with request.app[DB].read() as db:
        blob = await games_service.read_blob(
            db, request.app[ENVELOPE], request[VIEWER], request.match_info["id"]
        )
    return GameBlobOut(blob=blob)


async def _profile(db: Reading, user: User) -> ProfileOut:
    return ProfileOut.of(user, await games.page(db, user.id, games.MOST))
