"""The wire of asks: what children ask for, and the inbox where their guardians find it."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from api.accounts.schemas import SenderOut, UserId
from api.catalogue.schemas import TitleId, TitleSubject
from api.conversations.ids import ConversationId, MessageId
from api.conversations.report_schemas import FullReportOut
from api.errors import Code
from api.family.schemas import AskKind, Child, Friend
from api.wire import SERVER_MADE, PageQuery, Timestamp, Wire, id_field

AskState = Literal["open", "approved", "denied", "expired"]


class ContactSubject(Wire):
    """Whom the child would like to meet; of a guest, whom they would meet in a watch room."""

    user: Friend


class RoomSubject(Wire):
    """Where the child would like to go."""

    conversation_id: ConversationId
    title: Annotated[str | None, Field(examples=["Football on Saturdays"])]


class MinutesSubject(Wire):
    """How much more time the child would like to have today."""

    minutes: Annotated[int, Field(examples=[30])]


class PhotoSubject(Wire):
    """The picture that is held back until a guardian has seen it."""

    message_id: Annotated[
        MessageId | None, Field(description="Null: it stands in the gallery, in no conversation.")
    ]
    thumb_url: Annotated[str, Field(examples=["/media/Zp3vRk8YmB6sJa"])]


AskSubject = ContactSubject | RoomSubject | TitleSubject | MinutesSubject | PhotoSubject


class AskOut(Wire):
    """What a child asked for, and what came of it."""

    id: Annotated[str, SERVER_MADE, id_field("ask")]
    kind: Annotated[AskKind, SERVER_MADE, Field(examples=["contact"])]
    state: Annotated[AskState, SERVER_MADE, Field(examples=["open"])]
    child: Annotated[Child, SERVER_MADE]
    subject: Annotated[AskSubject, SERVER_MADE]
    note: Annotated[str | None, Field(examples=["She is in my class."])]
    created_at: Annotated[Timestamp, SERVER_MADE]
    decided_at: Annotated[Timestamp | None, SERVER_MADE, Field(examples=[None])]
    decided_by: Annotated[SenderOut | None, SERVER_MADE, Field(examples=[None])]


class AsksQuery(PageQuery):
    """Which asks."""

    state: Annotated[AskState | None, Field(description="Left out: all.", examples=["open"])] = None


# The field that says what an ask of each kind is about.
_SUBJECTS = {
    "contact": "user_id",
    "guest": "user_id",
    "room": "room_id",
    "title": "title_id",
    "minutes": "minutes",
    "photo": "message_id",
}


class NewAsk(Wire):
    """What a child asks for: the kind, and the one field that says what it is about."""

    kind: Annotated[AskKind, Field(examples=["contact"])]
    user_id: Annotated[
        UserId | None,
        Field(
            description="For `contact` and `guest`.",
            examples=["u_01jn8xv3k0e5qr7s9tbcdfghj2"],
        ),
    ] = None
    room_id: Annotated[ConversationId | None, Field(description="For `room`.", examples=[None])] = (
        None
    )
    title_id: Annotated[TitleId | None, Field(description="For `title`.", examples=[None])] = None
    minutes: Annotated[
        int | None, Field(ge=1, le=1440, description="For `minutes`.", examples=[None])
    ] = None
    message_id: Annotated[MessageId | None, Field(description="For `photo`.", examples=[None])] = (
        None
    )
    note: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None,
        Field(examples=["She is in my class."]),
    ] = None

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> Self:
        wanted = _SUBJECTS[self.kind]
        given = {name for name in _SUBJECTS.values() if getattr(self, name) is not None}
        if given != {wanted}:
            raise ValueError(f"does not fit its kind: `{self.kind}` goes with `{wanted}` alone")
        return self


class RefusedAttemptOut(Wire):
    """Something that a child tried, or somebody tried with them, and that the rules refused."""

    id: Annotated[str, SERVER_MADE, id_field("at")]
    child: Annotated[Child, SERVER_MADE]
    other: Annotated[
        Friend | None,
        SERVER_MADE,
        Field(description="Whom it was about; null: nobody but the child."),
    ]
    code: Annotated[
        Code, SERVER_MADE, Field(description="The refusal.", examples=["NOT_APPROVED_CONTACT"])
    ]
    surface: Annotated[
        Literal["conversation", "call", "stream", "watch"], SERVER_MADE, Field(examples=["call"])
    ]
    created_at: Annotated[Timestamp, SERVER_MADE]


class InboxItemOut(Wire):
    """One thing that waits for a guardian; `kind` tells which of the three it is."""

    id: Annotated[
        str,
        SERVER_MADE,
        Field(
            description="Of the ask, the report or the attempt.",
            examples=["ask_01jn8xv3k0e5qr7s9tbcdfghj2"],
        ),
    ]
    kind: Annotated[Literal["ask", "report", "attempt"], SERVER_MADE, Field(examples=["ask"])]
    ask: Annotated[AskOut | None, SERVER_MADE]
    report: Annotated[FullReportOut | None, SERVER_MADE, Field(examples=[None])]
    attempt: Annotated[RefusedAttemptOut | None, SERVER_MADE, Field(examples=[None])]
    created_at: Annotated[Timestamp, SERVER_MADE]
