"""The wire of reports, whatever they are about."""

from typing import Annotated, Literal

from pydantic import Field

from api.accounts.schemas import SenderOut
from api.conversations.ids import ConversationId
from api.conversations.schemas import AnnouncedMessage
from api.conversations.text import Reason
from api.wire import SERVER_MADE, PageQuery, Timestamp, Wire, id_field

ReportKind = Literal["message", "stream", "title"]
ReportState = Literal["open", "resolved"]


class ReportMessage(Wire):
    """What is wrong with a message."""

    reason: Reason


class ReportSubject(Wire):
    """What was reported."""

    id: Annotated[
        str,
        Field(
            description="Of the message, stream or title.",
            examples=["m_01jn8xv3k0e5qr7s9tbcdfghj2"],
        ),
    ]
    conversation_id: Annotated[
        ConversationId | None, Field(description="null: it stands in no conversation.")
    ]


class ReportEvidence(Wire):
    """What was there when it was reported, kept whatever becomes of the original."""

    messages: Annotated[
        list[AnnouncedMessage],
        Field(description="The reported message and those around it, oldest first."),
    ]


class ReportOut(Wire):
    """A report as its reporter sees it."""

    id: Annotated[str, SERVER_MADE, id_field("r")]
    kind: Annotated[ReportKind, SERVER_MADE, Field(examples=["message"])]
    state: Annotated[ReportState, SERVER_MADE, Field(examples=["open"])]
    reporter: Annotated[
        SenderOut | None, SERVER_MADE, Field(description="null: it came from a television.")
    ]
    subject: Annotated[ReportSubject, SERVER_MADE]
    reason: Annotated[str, Field(examples=["This was mean to Ben."])]
    resolution: Annotated[str | None, Field(examples=[None])]
    created_at: Annotated[Timestamp, SERVER_MADE]
    resolved_at: Annotated[Timestamp | None, SERVER_MADE, Field(examples=[None])]
    resolved_by: Annotated[SenderOut | None, SERVER_MADE, Field(examples=[None])]


class FullReportOut(ReportOut):
    """A report as those see it who answer it."""

    evidence: Annotated[
        ReportEvidence | None,
        SERVER_MADE,
        Field(description="null: there were no words or pictures to keep."),
    ]


class ReportsQuery(PageQuery):
    """Which reports."""

    state: Annotated[ReportState | None, Field(description="Left out: all.")] = None


class ResolveReport(Wire):
    """What came of it."""

    resolution: Annotated[Reason, Field(examples=["Talked with both of them."])]
