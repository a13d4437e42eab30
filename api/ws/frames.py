"""The frames that every socket knows."""

import json
from typing import Annotated, Any, cast

from pydantic import ConfigDict, Field, PlainValidator
from pydantic_core import from_json

from api.envelope import error_object
from api.errors import Code, Refusal
from api.wire import Wire
from api.ws.declare import Command, Event, FrameId

_LONGEST_ID = 128


def _frame_id(value: object) -> FrameId | None:
    # One sentence for the client, where a union has one for each of its members.
    if value is None or (type(value) in {str, int} and len(str(value)) <= _LONGEST_ID):
        return cast("FrameId | None", value)
    raise ValueError("is neither a short text nor a number")


def id_of(raw: bytes) -> FrameId | None:
    """The id of a frame that was refused, whatever is wrong with the rest of it."""
    try:
        frame = from_json(raw)
        return _frame_id(frame.get("id")) if isinstance(frame, dict) else None
    except ValueError:
        return None


class Head(Wire):
    """What is read of any frame before it is known which one it is."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Annotated[str, Field(max_length=64)]
    id: Annotated[str | int | None, PlainValidator(_frame_id)] = None


class Ping(Command):
    """Asks for a `pong`."""


class Pong(Event, type="pong"):
    """The answer to a ping."""


class Auth(Command):
    """Signs a socket in, or renews the token of one that is signed in."""

    token: Annotated[str, Field(max_length=8192, examples=["eyJhbGciOiJFZERTQSJ9.e30.c2ln"])]


class DetailOut(Wire):
    """One thing that is wrong, and where."""

    field: Annotated[str, Field(examples=["content"])]
    problem: Annotated[str, Field(examples=["is missing"])]


class ErrorOut(Wire):
    """What was refused, and what to do about it."""

    code: Annotated[Code, Field(examples=["FORBIDDEN"])]
    message: Annotated[str, Field(examples=["Your account may not do this."])]
    # Absent where there is nothing to point at.
    details: Annotated[list[DetailOut], Field(default_factory=list, examples=[[]])]


class ErrorEvent(Event, type="error"):
    """A frame was refused; `reply_to` tells which. The socket stays open."""

    error: ErrorOut


def refusal_frame(refusal: Refusal, reply_to: str | int | None) -> bytes:
    frame: dict[str, Any] = {"type": ErrorEvent.frame_type}
    if reply_to is not None:
        frame["reply_to"] = reply_to
    frame["error"] = error_object(refusal)
    return json.dumps(frame, ensure_ascii=False).encode()
