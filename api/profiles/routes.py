"""Profiles and game credentials over HTTP."""

from api.access import MEMBERS
from api.media.refusals import UPLOAD_REFUSALS
from api.multipart import MULTIPART
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

endpoint = Endpoints("Profiles")

endpoint.planned(
    "GET",
    "/profiles/me",
    "The caller's profile.",
    roles=MEMBERS,
    returns=ProfileOut,
)
endpoint.planned(
    "PUT",
    "/profiles/me",
    "Change the caller's profile.",
    roles=MEMBERS,
    body=ChangeProfile,
    returns=ProfileOut,
)
endpoint.planned(
    "POST",
    "/profiles/me/avatar",
    "Give the caller another picture.",
    roles=MEMBERS,
    body=NewAvatar,
    returns=ProfileOut,
    refuses=UPLOAD_REFUSALS,
    consumes=MULTIPART,
)
endpoint.planned(
    "GET",
    "/profiles/me/games",
    "The caller's game accounts, without their passwords.",
    roles=MEMBERS,
    query=PageQuery,
    returns=Page[GameCredentialOut],
)
endpoint.planned(
    "POST",
    "/profiles/me/games",
    "Keep a game account.",
    roles=MEMBERS,
    body=NewGameCredential,
    returns=GameCredentialOut,
    status=201,
)
endpoint.planned(
    "DELETE",
    "/profiles/me/games/{id}",
    "Forget a game account.",
    roles=MEMBERS,
    returns=None,
    status=204,
)
endpoint.planned(
    "GET",
    "/profiles/me/games/{id}/blob",
    "What the client had encrypted itself; a password sent in the clear is never given back.",
    roles=MEMBERS,
    returns=GameBlobOut,
)
