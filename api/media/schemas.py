"""The wire of uploads and screenshots."""

from typing import Annotated

from pydantic import Field, InstanceOf, StringConstraints, WithJsonSchema

from api.accounts.schemas import UserId, UserOut
from api.quarantine import QuarantinedFile
from api.wire import SERVER_MADE, PageQuery, Timestamp, Wire, id_field

UploadedFile = Annotated[
    InstanceOf[QuarantinedFile],
    WithJsonSchema({"type": "string", "format": "binary"}),
    Field(description="What it is, is told from its content and not from its name."),
]
Caption = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=500, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
    ),
    Field(examples=["We found the hidden cave"]),
]


class NewUpload(Wire):
    """One file, to be attached to something within 24 hours."""

    file: UploadedFile


class UploadOut(Wire):
    """A file that is stored and hangs on nothing yet; what does not apply to its kind is null."""

    upload_id: Annotated[str, SERVER_MADE, id_field("up")]
    mime: Annotated[str, SERVER_MADE, Field(examples=["image/jpeg"])]
    bytes: Annotated[
        int, SERVER_MADE, Field(description="Of the file as it is stored.", examples=[348_112])
    ]
    width: Annotated[int | None, SERVER_MADE, Field(examples=[1600])]
    height: Annotated[int | None, SERVER_MADE, Field(examples=[1200])]
    duration: Annotated[
        float | None, SERVER_MADE, Field(description="In seconds.", examples=[None])
    ]


class NewScreenshot(Wire):
    """A picture for the caller's gallery: JPEG, PNG, WebP or GIF, up to 10 MiB."""

    file: UploadedFile
    caption: Annotated[Caption | None, Field(examples=["We found the hidden cave"])] = None


class ScreenshotOut(Wire):
    """A picture in somebody's gallery."""

    id: Annotated[str, SERVER_MADE, id_field("ss")]
    owner_id: Annotated[UserId, SERVER_MADE]
    owner: Annotated[UserOut, SERVER_MADE]
    url: Annotated[str, SERVER_MADE, Field(examples=["/media/9hTqWc2LxN4fKd"])]
    thumb_url: Annotated[str, SERVER_MADE, Field(examples=["/media/Zp3vRk8YmB6sJa"])]
    caption: Annotated[str | None, Field(examples=["We found the hidden cave"])]
    width: Annotated[int, SERVER_MADE, Field(examples=[1920])]
    height: Annotated[int, SERVER_MADE, Field(examples=[1080])]
    created_at: Annotated[Timestamp, SERVER_MADE]


class ScreenshotsQuery(PageQuery):
    """Whose pictures."""

    owner_id: Annotated[
        UserId | None, Field(description="Left out: of everyone whose gallery the caller may see.")
    ] = None
