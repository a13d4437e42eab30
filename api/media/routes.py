"""Uploads, screenshots and what is stored, over HTTP."""

from aiohttp import web

from api.access import EVERYONE, MEMBERS
from api.accounts.people import CHILD_CONTACTS
from api.errors import Code
from api.keys import DB, SETTINGS, VIEWER
from api.media import service
from api.media.refusals import UPLOAD_REFUSALS
from api.media.schemas import (
    NewScreenshot,
    NewUpload,
    ScreenshotOut,
    ScreenshotsQuery,
    UploadOut,
)
from api.media.serving import serve_media
from api.multipart import MULTIPART
from api.routing import Endpoints
from api.wire import Page

endpoint = Endpoints("Media")

endpoint.planned(
    "GET",
    "/screenshots",
    "Pictures of the galleries that the caller may see, newest first.",
    roles=MEMBERS,
    query=ScreenshotsQuery,
    returns=Page[ScreenshotOut],
)
endpoint.planned(
    "POST",
    "/screenshots",
    "Put a picture into one's own gallery.",
    roles=MEMBERS,
    body=NewScreenshot,
    returns=ScreenshotOut,
    status=201,
    refuses=UPLOAD_REFUSALS,
    consumes=MULTIPART,
)
endpoint.planned(
    "DELETE",
    "/screenshots/{id}",
    "Take a picture out of one's gallery, or a child's in one's care.",
    roles=MEMBERS,
    returns=None,
    status=204,
    refuses=(Code.FORBIDDEN,),
)
endpoint.planned(
    "POST",
    "/uploads",
    "Store a file, to be attached once by its owner.",
    roles=MEMBERS,
    body=NewUpload,
    returns=UploadOut,
    status=201,
    refuses=UPLOAD_REFUSALS,
    consumes=MULTIPART,
)


@endpoint.get(
    "/media/{id}",
    roles=EVERYONE,
    returns=None,
    produces="*/*",
    refuses=(Code.RANGE_NOT_SATISFIABLE,),
)
async def read_media(request: web.Request) -> web.StreamResponse:
    """What is stored, for those who may see it.

    By the Bearer token, or by the cookie that a sign-in sets for pages. One range is answered with
    206 (several are passed over: the whole comes), and `If-None-Match` with 304.
    """
    async with request.app[DB].read() as db:
        media = await service.access_media(
            db,
            request[VIEWER],
            request.match_info["id"],
            request.app[SETTINGS][CHILD_CONTACTS],
        )
    return await serve_media(request, media)
