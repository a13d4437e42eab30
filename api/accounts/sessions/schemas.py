"""The wire of sessions: where an account is signed in."""

from typing import Annotated, Self

from pydantic import Field

from api.wire import SERVER_MADE, Timestamp, Wire, id_field
from store.sessions import Session


class SessionOut(Wire):
    """One device that is signed in."""

    sid: Annotated[str, SERVER_MADE, id_field("s")]
    user_agent: Annotated[
        str | None,
        SERVER_MADE,
        Field(examples=["Mozilla/5.0 (Android 16; Mobile; rv:152.0) Firefox/152.0"]),
    ]
    address: Annotated[
        str | None,
        SERVER_MADE,
        Field(description="Where it was last used from.", examples=["192.0.2.17"]),
    ]
    created_at: Annotated[Timestamp, SERVER_MADE]
    last_used_at: Annotated[Timestamp, SERVER_MADE, Field(examples=["2026-03-02T07:41:05.000Z"])]
    current: Annotated[
        bool,
        SERVER_MADE,
        Field(description="Whether this request came by it.", examples=[True]),
    ]

    @classmethod
    def of(cls, session: Session, current: str) -> Self:
        return cls(
            sid=session.id,
            user_agent=session.user_agent,
            address=session.address,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            current=session.id == current,
        )
