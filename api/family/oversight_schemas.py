"""The wire of oversight: what guardians see of a child, and what the child sees of that."""

from typing import Annotated, Literal

from pydantic import Field

from api.accounts.schemas import SenderOut, UserId
from api.accounts.sessions.schemas import SessionOut
from api.catalogue.profile_schemas import DeviceOut
from api.conversations.report_schemas import ReportOut
from api.family.ask_schemas import AskOut, RefusedAttemptOut
from api.family.schemas import Child, Friend, PrivacyLevel, Surface
from api.wire import SERVER_MADE, Timestamp, Wire, id_field


class OversightEntryOut(Wire):
    """A guardian or an admin read something of a child's; written before they saw it."""

    id: Annotated[str, SERVER_MADE, id_field("ov")]
    number: Annotated[
        int,
        SERVER_MADE,
        Field(description="Rises by one with each entry: a missing one shows.", examples=[12]),
    ]
    child_id: Annotated[UserId, SERVER_MADE]
    reader: Annotated[
        SenderOut | None, SERVER_MADE, Field(description="Null: the account is gone.")
    ]
    what: Annotated[
        Literal["conversation", "call", "stream", "screenshots", "report", "summary", "export"],
        SERVER_MADE,
        Field(description="What was read.", examples=["conversation"]),
    ]
    entity_id: Annotated[
        str | None,
        SERVER_MADE,
        Field(description="Which one.", examples=["c_01jn8xv3k0e5qr7s9tbcdfghj2"]),
    ]
    created_at: Annotated[Timestamp, SERVER_MADE]


class SummaryQuery(Wire):
    """How far back to look."""

    days: Annotated[int, Field(ge=1, le=366, examples=[30])] = 30


class FrequentContact(Wire):
    """Somebody with whom a child had to do."""

    user: Friend
    messages: Annotated[int, Field(description="In both directions.", examples=[48])]
    call_minutes: Annotated[int, Field(examples=[25])]


class SurfaceMinutes(Wire):
    """How long a child was at something."""

    surface: Annotated[Surface, Field(examples=["watch"])]
    minutes: Annotated[int, Field(examples=[420])]


class SummaryOut(Wire):
    """A child's last days; the child sees the same page."""

    child: Child
    days: Annotated[int, Field(examples=[30])]
    privacy_level: Annotated[PrivacyLevel, Field(examples=["summary"])]
    contacts: Annotated[
        list[FrequentContact] | None,
        Field(description="The most frequent first; null: the privacy level keeps it closed."),
    ]
    minutes: Annotated[
        list[SurfaceMinutes] | None,
        Field(description="Null: the privacy level keeps it closed."),
    ]
    asks: list[AskOut]
    reports: list[ReportOut]
    blocks: Annotated[list[RefusedAttemptOut], Field(description="What the rules refused.")]
    devices: Annotated[list[DeviceOut], Field(description="The family's televisions.")]
    sessions: Annotated[
        list[SessionOut],
        Field(description="Where the child is signed in; `DELETE /auth/sessions/{sid}` ends one."),
    ]
