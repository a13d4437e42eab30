"""What travels: the base of every schema, and the field types that the contract's shapes share."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import CoreSchema


class Wire(BaseModel):
    """A JSON object of the contract. What a client sends beyond the schema is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def server_made_fields(cls) -> frozenset[str]:
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, _ServerMade) for mark in field.metadata)
        )


class _ServerMade:
    """Marks a field that only the server sets: `readOnly` in the document."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "readOnly": True}


# Annotated[T, SERVER_MADE]: when such a field comes back in a PUT or PATCH it is passed over, so
# that what was got can be changed and put back.
SERVER_MADE = _ServerMade()


def in_milliseconds(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


Timestamp = Annotated[
    AwareDatetime,
    PlainSerializer(in_milliseconds),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Field(examples=["2026-03-01T12:00:00.000Z"]),
]


def id_field(prefix: str) -> Any:
    """An id of one kind, for schemas; whether it names anything is the query's to say."""
    return Field(
        description=f"An opaque id, `{prefix}_…`.",
        examples=[f"{prefix}_01jn8xv3k0e5qr7s9tbcdfghj2"],
    )


class PageQuery(Wire):
    """What every list takes."""

    # What says where in the list and how much of it; all else says which list, and a cursor
    # belongs to that one.
    positions: ClassVar[frozenset[str]] = frozenset({"limit", "cursor"})

    limit: Annotated[int, Field(ge=1, le=200, description="How many items at the most.")] = 50
    cursor: Annotated[
        str | None,
        Field(max_length=1024, description="The `next` of the page before; none: the first page."),
    ] = None


Item = TypeVar("Item")


class Page(Wire, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: Annotated[
        str | None,
        Field(description="The cursor of the next page; null: this is the last.", examples=[None]),
    ]
