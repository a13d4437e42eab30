"""Uploads, screenshots and what is stored, over HTTP."""

from api.access import EVERYONE, MEMBERS
from api.errors import Code
from api.media.refusals import UPLOAD_REFUSALS
from api.media.schemas import (
    NewScreenshot,
    NewUpload,
    ScreenshotOut,
    ScreenshotsQuery,
    UploadOut,
)
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
endpoint.planned(
    "GET",
    "/media/{id}",
    "What is stored, for those who may see it; answers ranges and `If-None-Match`.",
    roles=EVERYONE,
    returns=None,
    produces="application/octet-stream",
)
