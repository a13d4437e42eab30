"""How a route is declared: once, with its schemas, and everything else is made from that.

A feature's `routes.py` holds one `Endpoints` and decorates its handlers with it. The router, the
validation and the OpenAPI document read the same `Route`. `planned` declares what the contract
promises and nobody has built yet: `hearth mock` answers it, the server does not know it.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Required, Self, TypedDict, TypeVar, Unpack

from aiohttp import web
from pydantic import Secret

from api.access import Roles
from api.errors import Code
from api.multipart import MULTIPART
from api.quarantine import QuarantinedFile
from api.versions import JSON
from api.wire import Wire

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Limit = Literal["auth", "messages"]
Credential = Literal["account", "device", "stream", "metrics"]
Handler = Callable[..., Awaitable[Any]]
Again = Callable[[web.Request, str], Awaitable[Wire]]
H = TypeVar("H", bound=Handler)

OPEN: Roles | None = None


class Declaration(TypedDict, total=False):
    """What a route says of itself beside its method and path."""

    # Who may call it; OPEN: anyone, signed in or not.
    roles: Required[Roles | None]
    # The schema of the answer; None: no body, or one that is no JSON (then `produces` tells).
    returns: Required[type[Wire] | None]
    body: type[Wire] | None
    query: type[Wire] | None
    status: int
    limit: Limit | None
    # What opens it: an account's session, or a token that is no account's.
    credential: Credential
    # The feature flag that it stands behind.
    flag: str | None
    # Whether an admin who owes a second factor may call it.
    while_enrolling: bool
    # Whether the set-up link opens it, as long as nobody is here.
    while_setting_up: bool
    # Whether a same-origin `Origin` is as good as the CSRF token, for clients that know of none.
    origin_is_enough: bool
    # The refusals that a client should be ready for, beyond those of every route.
    refuses: tuple[Code, ...]
    consumes: str
    # For a multipart body: the most bytes that its file may have.
    largest: int
    produces: str
    # For a POST that makes something: reads the thing anew when the request is repeated.
    again: Again | None


@dataclass(frozen=True, slots=True)
class Route:
    method: Method
    path: str
    tag: str
    summary: str
    roles: Roles | None
    returns: type[Wire] | None
    description: str = ""
    body: type[Wire] | None = None
    query: type[Wire] | None = None
    status: int = 200
    limit: Limit | None = None
    credential: Credential = "account"
    flag: str | None = None
    while_enrolling: bool = False
    while_setting_up: bool = False
    origin_is_enough: bool = False
    refuses: tuple[Code, ...] = ()
    consumes: str = JSON
    largest: int = 0
    produces: str = JSON
    again: Again | None = None
    handler: Handler | None = None

    @property
    def operation_id(self) -> str:
        words = self.path.replace("{", "by_").replace("}", "")
        return self.method.lower() + "".join(c if c.isalnum() else "_" for c in words).rstrip("_")


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to be kept by the browser for so many seconds, out of the reach of scripts."""

    name: str
    value: Secret[str]
    path: str
    seconds: int
    same_site: Literal["Strict", "Lax", "None"] = "Strict"

    @classmethod
    def gone(cls, name: str, path: str) -> Self:
        return cls(name, Secret(""), path, 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """A handler's result when the answer needs more than its body."""

    body: Wire | None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    cookies: Sequence[Cookie] = ()


class WrongDeclaration(TypeError):
    """The declaration and the handler do not agree; found when the module is read."""


class Endpoints:
    """One feature's routes, in the order of their declaration."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.routes: list[Route] = []

    def get(self, path: str, **declared: Unpack[Declaration]) -> Callable[[H], H]:
        return self._built("GET", path, declared)

    def post(self, path: str, **declared: Unpack[Declaration]) -> Callable[[H], H]:
        return self._built("POST", path, declared)

    def put(self, path: str, **declared: Unpack[Declaration]) -> Callable[[H], H]:
        return self._built("PUT", path, declared)

    def patch(self, path: str, **declared: Unpack[Declaration]) -> Callable[[H], H]:
        return self._built("PATCH", path, declared)

    def delete(self, path: str, **declared: Unpack[Declaration]) -> Callable[[H], H]:
        return self._built("DELETE", path, declared)

    def planned(
        self, method: Method, path: str, summary: str, **declared: Unpack[Declaration]
    ) -> None:
        self.routes.append(Route(method, path, self.tag, summary, **declared))

    def _built(self, method: Method, path: str, declared: Declaration) -> Callable[[H], H]:
        def register(handler: H) -> H:
            summary, _, description = inspect.cleandoc(handler.__doc__ or "").partition("\n")
            route = Route(
                method,
                path,
                self.tag,
                summary,
                **declared,
                description=description.strip(),
                handler=handler,
            )
            _check(route, handler)
            self.routes.append(route)
            return handler

        return register


def _check(route: Route, handler: Handler) -> None:
    """The signature is `(request[, body][, query])`, in the types that are declared."""
    place = f"{route.method} {route.path} ({handler.__qualname__})"
    if not route.summary:
        raise WrongDeclaration(f"{place} has no docstring: its first line is the summary")
    if route.returns is None and route.produces == JSON and route.status != 204:
        raise WrongDeclaration(f"{place} declares no schema for what it returns")
    if route.consumes == MULTIPART:
        _check_upload(route, place)
    elif route.body is None and route.consumes != JSON and route.again is not None:
        raise WrongDeclaration(f"{place} reads its body itself: nothing can tell a repeated one")
    given = list(inspect.signature(handler).parameters.values())[1:]
    declared = [schema for schema in (route.body, route.query) if schema is not None]
    if [parameter.annotation for parameter in given] != declared:
        wanted = ", ".join(schema.__name__ for schema in declared) or "nothing"
        raise WrongDeclaration(f"{place} declares {wanted} beside the request, and takes other")


def _check_upload(route: Route, place: str) -> None:
    """One file, of some size, from somebody who is known: what is sent has to lie somewhere."""
    fields = route.body.model_fields.values() if route.body is not None else ()
    files = [field for field in fields if field.annotation is QuarantinedFile]
    if len(files) != 1 or route.largest <= 0 or route.roles is None:
        raise WrongDeclaration(
            f"{place} takes an upload: it needs one file in its body, `largest`, and `roles`"
        )
