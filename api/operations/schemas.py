"""The wire of health and documents."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.wire import Wire


class AliveOut(Wire):
    """The process runs and answers."""

    status: Annotated[Literal["alive"], Field(examples=["alive"])] = "alive"
    version: Annotated[str, Field(examples=["0.1.0"])]


class PartOut(Wire):
    """Whether one part of the server can do its work."""

    ok: Annotated[bool, Field(examples=[True])]
    problem: Annotated[str | None, Field(examples=[None])] = None


class ReadyOut(Wire):
    """Whether the server can serve people; the parts say what hinders it."""

    status: Annotated[Literal["ready", "not ready"], Field(examples=["ready"])]
    parts: Annotated[dict[str, PartOut], Field(examples=[{"database": {"ok": True}}])]


class DocumentOut(Wire):
    """An OpenAPI or AsyncAPI document."""

    model_config = ConfigDict(extra="allow", frozen=True)

    info: Annotated[dict[str, object], Field(examples=[{"title": "Hearth", "version": "0.1.0"}])]
