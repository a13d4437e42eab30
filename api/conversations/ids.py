"""The ids of conversations and messages and the places in a log, as field types."""

from typing import Annotated

from pydantic import Field

from api.wire import id_field

ConversationId = Annotated[str, id_field("c")]
MessageId = Annotated[str, id_field("m")]

# The greatest whole number that every JSON reader keeps exactly.
_GREATEST = 2**53 - 1
Seq = Annotated[
    int,
    Field(
        ge=0,
        le=_GREATEST,
        description="The place in the conversation's log, rising by one with each event.",
        examples=[412],
    ),
]
