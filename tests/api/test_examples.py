"""Examples, for which no field is too odd."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import ConfigDict, Field

from api.examples import NoExample, example_command, example_event, example_of, instance_of
from api.features import ENDPOINTS
from api.json_schema import GOT, SENT
from api.multipart import MULTIPART
from api.wire import Page, Timestamp, Wire, id_field
from tests.api.declared import ROUTES, FilmOut, SceneCut, socket


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Parrot(Wire):
    says: Literal["hello"]


class Box(Wire):
    opens: Annotated[int, Field(ge=3, le=9)]
    above: Annotated[int, Field(gt=10)]
    below: Annotated[int, Field(lt=-10)]
    steps: Annotated[int, Field(ge=7, multiple_of=5)]
    share: Annotated[float, Field(gt=0, le=1)]
    short: Annotated[str, Field(max_length=4)]
    long: Annotated[str, Field(min_length=40)]
    moment: Timestamp
    made_at: datetime
    day: date
    colour: Colour
    parrot: Parrot
    either: Parrot | Colour
    maybe: Parrot | None
    absent: Parrot | None = None
    parrots: list[Parrot]
    pair: Annotated[list[Colour], Field(min_length=2, max_length=2)]
    place: tuple[int, str]
    by_name: dict[str, Parrot]
    anything: Any
    open: bool
    count: int = 12
    named: Annotated[str, Field(examples=["Lia"])] = "nobody"


class Tree(Wire):
    leaf: Annotated[str, id_field("n")]
    branches: list["Tree"]
    trunk: "Tree | None"


class Loop(Wire):
    on: "Loop"


class Whole(Wire):
    model_config = ConfigDict(json_schema_extra={"examples": [{"left": 1, "right": None}]})

    left: int | None
    right: int | None


class Coded(Wire):
    code: Annotated[str, Field(pattern="^[A-Z]{4}$")]


def test_every_kind_of_field_gets_a_value_that_its_schema_takes() -> None:
    assert instance_of(Box).opens == 3
    assert example_of(Box) == {
        "opens": 3,
        "above": 11,
        "below": -11,
        "steps": 10,
        "share": 1,
        "short": "some",
        "long": "something something something something ",
        "moment": "2026-03-01T12:00:00.000Z",
        "made_at": "2026-03-01T12:00:00.000Z",
        "day": "2026-03-01",
        "colour": "red",
        "parrot": {"says": "hello"},
        "either": {"says": "hello"},
        "maybe": {"says": "hello"},
        "absent": None,
        "parrots": [{"says": "hello"}],
        "pair": ["red", "red"],
        "place": [1, "something"],
        "by_name": {},
        "anything": None,
        "open": True,
        "count": 12,
        "named": "Lia",
    }


def test_the_same_model_gives_the_same_example_every_time() -> None:
    assert example_of(Box) == example_of(Box)
    assert example_of(FilmOut, SENT) == example_of(FilmOut, GOT)


def test_an_example_stops_where_a_model_would_hold_itself() -> None:
    assert example_of(Tree) == {
        "leaf": "n_01jn8xv3k0e5qr7s9tbcdfghj2",
        "branches": [],
        "trunk": None,
    }


def test_a_model_that_can_never_end_is_refused_by_name() -> None:
    with pytest.raises(NoExample, match="Loop"):
        example_of(Loop)


def test_a_model_s_own_example_wins_over_those_of_its_fields() -> None:
    assert example_of(Whole) == {"left": 1, "right": None}


def test_a_field_for_which_nothing_can_be_made_up_is_named() -> None:
    with pytest.raises(NoExample, match=r"\.items\[\]\.code needs examples"):
        example_of(Page[Coded])


def test_a_command_is_shown_with_its_name_and_an_id() -> None:
    cut = socket.commands["scene:cut"]
    assert example_command(cut) == {"type": "scene:cut", "id": "7", "at": 1}


def test_an_event_is_shown_as_its_frame() -> None:
    assert example_event(SceneCut, "7") == {
        "type": "scene:cut",
        "reply_to": "7",
        "at": 1,
        "by": "u_01jn8xv3k0e5qr7s9tbcdfghj2",
    }


def test_every_declared_schema_takes_its_own_example() -> None:
    declared = [*ROUTES, *(route for endpoint in ENDPOINTS for route in endpoint.routes)]
    for route in declared:
        body = None if route.consumes == MULTIPART else route.body  # no example is a file
        for model in filter(None, (body, route.query)):
            model.model_validate(example_of(model, SENT))
        if route.returns is not None:
            assert isinstance(instance_of(route.returns), route.returns)
