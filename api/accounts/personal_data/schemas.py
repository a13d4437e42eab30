"""The wire of taking one's data along, and of leaving."""

from typing import Annotated

from pydantic import Field

from api.accounts.schemas import UserId
from api.wire import SERVER_MADE, Timestamp, Wire


class WhoseAccount(Wire):
    """Whose account is meant."""

    user_id: Annotated[
        UserId | None, Field(description="A child in one's care; left out: the caller.")
    ] = None


class DeletionOut(Wire):
    """An account that is going to be deleted."""

    user_id: Annotated[UserId, SERVER_MADE]
    erased_at: Annotated[
        Timestamp,
        SERVER_MADE,
        Field(
            description="When everything of it will be gone, media included.",
            examples=["2026-03-08T12:00:00.000Z"],
        ),
    ]
