"""Which changes of the documents break clients, and how the check before a release tells them."""

import copy
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, create_model

from api.access import ADMINS, MEMBERS, PARENTS
from api.asyncapi import asyncapi_document
from api.compatibility import asyncapi, openapi
from api.compatibility.__main__ import main, newest_release
from api.errors import Code
from api.openapi import openapi_document
from api.routing import OPEN, Endpoints
from api.wire import Timestamp, Wire
from api.ws.declare import Command, Event, Socket
from tests.api.declared import ROUTES, SOCKETS

ABOUT = {"title": "Hearth", "version": "0.1.0", "server_url": "https://hearth.example"}
Document = dict[str, Any]


def shape(**fields: Any) -> type[Wire]:
    """A schema with these fields; `name=type` or `name=(type, default)`."""
    given: dict[str, Any] = {
        name: field if isinstance(field, tuple) else (field, ...) for name, field in fields.items()
    }
    return create_model("Shape", __base__=Wire, **given)


def document(path: str = "/x", method: Any = "POST", **declared: Any) -> Document:
    endpoint = Endpoints("X")
    whole: Any = {"roles": MEMBERS, "returns": shape(), **declared}
    endpoint.planned(method, path, "X.", **whole)
    return openapi_document(endpoint.routes, **ABOUT)


def sent(**fields: Any) -> Document:
    return document(body=shape(**fields))


def got(**fields: Any) -> Document:
    return document(returns=shape(**fields))


class Small(Wire):
    size: Literal["small"]


class Large(Wire):
    size: Literal["large"]


class Named(Wire):
    name: str


class MaybeNamed(Wire):
    name: str = ""


SENT: list[tuple[Document, Document, str]] = [
    (sent(), sent(name=str), "POST /x body.name: now required"),
    (sent(name=(str, "a")), sent(name=str), "POST /x body.name: now required"),
    (sent(name=(str, "a")), sent(), "POST /x body.name: no longer taken"),
    (sent(name=str), sent(name=int), "POST /x body.name: no longer takes string"),
    (sent(name=str | None), sent(name=str), "POST /x body.name: no longer takes null"),
    (sent(size=float), sent(size=int), "POST /x body.size: no longer takes number"),
    (
        sent(kind=Literal["a", "b"]),
        sent(kind=Literal["a"]),
        "POST /x body.kind: no longer takes 'b'",
    ),
    (sent(kind=str), sent(kind=Literal["a", "b"]), "POST /x body.kind: takes only 'a', 'b'"),
    (
        sent(name=Annotated[str, Field(max_length=9)]),
        sent(name=Annotated[str, Field(max_length=8)]),
        "POST /x body.name: maxLength is now 8",
    ),
    (
        sent(size=Annotated[int, Field(ge=1)]),
        sent(size=Annotated[int, Field(ge=10)]),
        "POST /x body.size: minimum is now 10",
    ),
    (
        sent(name=str),
        sent(name=Annotated[str, Field(pattern="^a", examples=["a"])]),
        "POST /x body.name: pattern is now ^a",
    ),
    (
        sent(list=list[MaybeNamed]),
        sent(list=list[Named]),
        "POST /x body.list[].name: now required",
    ),
    (
        sent(by=dict[str, int]),
        sent(by=dict[str, bool]),
        "POST /x body.by{}: no longer takes integer",
    ),
    (sent(one=Small | Large), sent(one=Small), "POST /x body.one: no longer takes Large"),
    (document(body=None), sent(name=str), "POST /x body: now required"),
    (
        sent(),
        document(body=shape(), consumes="multipart/form-data"),
        "POST /x body: no longer taken as application/json",
    ),
    (
        document(query=None),
        document(query=shape(q=str)),
        "POST /x query.q: now required",
    ),
    (
        document(query=shape(q=(str, ""))),
        document(query=None),
        "POST /x query.q: no longer taken",
    ),
    (
        document(query=shape(limit=(Annotated[int, Field(le=200)], 50))),
        document(query=shape(limit=(Annotated[int, Field(le=100)], 50))),
        "POST /x query.limit: maximum is now 100",
    ),
]

GOT: list[tuple[Document, Document, str]] = [
    (got(name=str), got(), "POST /x answer.name: removed"),
    (got(name=str), got(name=int), "POST /x answer.name: may now be integer"),
    (got(name=str), got(name=str | None), "POST /x answer.name: may now be null"),
    (got(name=str), got(name=(str, "")), "POST /x answer.name: may now be absent"),
    (got(size=int), got(size=float), "POST /x answer.size: may now be number"),
    (got(at=Timestamp), got(at=str), "POST /x answer.at: is no longer a date-time"),
    (got(one=Small), got(one=Small | Large), "POST /x answer.one: may now be Large"),
    (got(list=list[str]), got(list=list[int]), "POST /x answer.list[]: may now be integer"),
    (document(status=200), document(status=201), "POST /x: no longer answers 200"),
    (
        got(),
        document(returns=None, produces="text/csv"),
        "POST /x answer: no longer as application/json",
    ),
    (
        document(refuses=(Code.PRECONDITION_FAILED,)),
        document(),
        "POST /x answer header ETag: removed",
    ),
]

ACCESS: list[tuple[Document, Document, str]] = [
    (document(), document(path="/y"), "POST /x: removed"),
    (document(), document(method="PUT"), "POST /x: removed"),
    (document(roles=OPEN), document(), "POST /x: now needs bearer instead of nothing"),
    (document(), document(credential="device"), "POST /x: now needs device instead of bearer"),
    (document(), document(roles=PARENTS), "POST /x: now refuses CHILD"),
    (document(), document(flag="billing"), "POST /x: now needs the flag billing"),
]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [*SENT, *GOT, *ACCESS],
    ids=[line for *_, line in (*SENT, *GOT, *ACCESS)],
)
def test_what_breaks_a_client_is_told_in_one_line(old: Document, new: Document, line: str) -> None:
    assert line in openapi.breaking_changes(old, new)


HARMLESS = {
    "a new optional field of a body": (sent(), sent(name=(str, ""))),
    "a field of a body that may be left out now": (sent(name=str), sent(name=(str, ""))),
    "a body that takes more types": (sent(name=int), sent(name=float | None)),
    "a body that takes more values": (sent(kind=Literal["a"]), sent(kind=Literal["a", "b"])),
    "a body that takes any text now": (sent(kind=Literal["a"]), sent(kind=str)),
    "a wider bound": (
        sent(name=Annotated[str, Field(max_length=8)]),
        sent(name=Annotated[str, Field(max_length=9)]),
    ),
    "a new field of an answer": (got(), got(name=str)),
    "a new value in an answer": (got(kind=Literal["a"]), got(kind=Literal["a", "b"])),
    "an answer that is never null now": (got(name=str | None), got(name=str)),
    "another name for a schema": (got(one=Small), got(one=create_model("Tiny", __base__=Small))),
    "another name for a path's parameter": (document(path="/x/{a}"), document(path="/x/{b}/")),
    "a route that is open now": (document(), document(roles=OPEN)),
    "more roles": (document(roles=ADMINS), document()),
    "a refusal more": (document(), document(refuses=(Code.CONFLICT,))),
}


@pytest.mark.parametrize(("old", "new"), HARMLESS.values(), ids=HARMLESS.keys())
def test_what_breaks_nobody_is_not_told(old: Document, new: Document) -> None:
    assert openapi.breaking_changes(old, new) == []


def test_documents_break_nothing_compared_with_themselves() -> None:
    routes = openapi_document(ROUTES, **ABOUT)
    assert openapi.breaking_changes(routes, copy.deepcopy(routes)) == []
    sockets = asyncapi_document(SOCKETS, planned=True, **ABOUT)
    assert asyncapi.breaking_changes(sockets, copy.deepcopy(sockets)) == []


class Hush(Command):
    """Silence."""

    seconds: Annotated[int, Field(le=60)] = 5


class LongHush(Command):
    """More silence."""

    seconds: Annotated[int, Field(le=30)]


class Hushed(Event, type="hushed"):
    """There was silence."""

    by: str


class Unhushed(Event, type="hushed"):
    """There was silence, and nobody knows why."""

    at: str


def channel(
    path: str = "/ws/x", body: type[Command] = Hush, answers: Any = Hushed, **declared: Any
) -> Document:
    socket = Socket(path, "X.", tag="X", roles=declared.pop("roles", MEMBERS), **declared)
    socket.planned("hush", "Be silent.", body=body, answers=answers)
    return asyncapi_document([socket], planned=True, **ABOUT)


FRAMES = [
    (channel(), channel(path="/ws/y"), "/ws/x: removed"),
    (channel(), channel(roles=ADMINS), "/ws/x: now refuses PARENT"),
    (channel(), channel(query=shape(q=str)), "/ws/x query.q: now required"),
    (channel(), channel(body=LongHush), "/ws/x command hush.seconds: now required"),
    (channel(), channel(body=LongHush), "/ws/x command hush.seconds: maximum is now 30"),
    (channel(), channel(answers=None), "/ws/x command hush: no longer answered by hushed"),
    (channel(), channel(answers=None), "/ws/x event hushed: removed"),
    (channel(), channel(answers=Unhushed), "/ws/x event hushed.by: removed"),
    (
        channel(short_names={"h": "hush"}),
        channel(),
        "/ws/x command hush.type: no longer takes 'h'",
    ),
]


@pytest.mark.parametrize(("old", "new", "line"), FRAMES, ids=[line for *_, line in FRAMES])
def test_what_breaks_a_client_s_socket_is_told_in_one_line(
    old: Document, new: Document, line: str
) -> None:
    assert line in asyncapi.breaking_changes(old, new)


def test_a_command_that_is_gone_is_told() -> None:
    socket = Socket("/ws/x", "X.", tag="X", roles=MEMBERS)
    empty = asyncapi_document([socket], planned=True, **ABOUT)
    assert "/ws/x command hush: removed" in asyncapi.breaking_changes(channel(), empty)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for version, made in (("0.9.0", sent()), ("0.10.0", sent(name=(str, "")))):
        folder = tmp_path / "releases" / version
        folder.mkdir(parents=True)
        (folder / "openapi.json").write_text(json.dumps(made))
        (folder / "asyncapi.json").write_text(json.dumps(channel()))
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## Unreleased\n\n## 0.10.0\n")
    return tmp_path


def check(place: Path, today: Document) -> int:
    arguments = [str(place / "releases"), str(place / "CHANGELOG.md")]
    return main(arguments, present=lambda: (today, channel()))


def test_the_newest_release_counts_by_its_numbers(place: Path) -> None:
    newest = newest_release(place / "releases")
    assert newest is not None
    assert newest.name == "0.10.0"


def test_a_breaking_change_that_nobody_noted_fails_the_check(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(place, sent(name=str)) == 1
    assert "POST /x body.name: now required" in capsys.readouterr().out


def test_a_breaking_change_that_the_changelog_names_passes(place: Path) -> None:
    changelog = "## Unreleased\n- For clarity, `POST /x\n  body.name: now required`.\n## 0.10.0\n"
    (place / "CHANGELOG.md").write_text(f"# Changes\n\n{changelog}")
    assert check(place, sent(name=str)) == 0


def test_what_an_older_part_of_the_changelog_names_does_not_count(place: Path) -> None:
    old = "# Changes\n\n## Unreleased\n\n## 0.10.0\n`POST /x body.name: now required`\n"
    (place / "CHANGELOG.md").write_text(old)
    assert check(place, sent(name=str)) == 1


def test_a_bound_is_not_mentioned_by_one_that_begins_alike(place: Path) -> None:
    told = "# Changes\n\n## Unreleased\n`POST /x body.name: maxLength is now 10`\n"
    (place / "CHANGELOG.md").write_text(told)
    assert check(place, sent(name=(Annotated[str, Field(max_length=1)], "a"))) == 1


def test_an_unchanged_contract_passes(place: Path) -> None:
    assert check(place, sent(name=(str, ""))) == 0


def test_without_a_release_there_is_nothing_to_break(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## Unreleased\n")
    assert check(tmp_path, sent()) == 0
    assert "no release yet" in capsys.readouterr().out
