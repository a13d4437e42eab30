"""How a socket is declared: its path, the commands that it takes, the events that it sends.

A feature's `commands.py` holds one `Socket` and decorates its handlers with `socket.command`. The
dispatch, the validation and the AsyncAPI document read the same declarations; `planned` declares a
command that the contract promises and that is still to be built.
"""

import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Required, TypedDict, TypeVar, Unpack

from pydantic import Field

from api.access import EVERYONE, Roles
from api.routing import Limit, WrongDeclaration
from api.wire import Wire

KIB = 1024
FrameId = Annotated[
    str | int, Field(description="Comes back as `reply_to` on the answer.", examples=["7"])
]


class Command(Wire):
    """A frame from the client; what stands in a subclass is what the command takes."""

    type: str
    id: Annotated[FrameId | None, Field(union_mode="left_to_right")] = None


class Event(Wire):
    """A frame from the server. `class Pong(Event, type="pong")` names it."""

    frame_type: ClassVar[str]

    def __init_subclass__(cls, *, type: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type is not None:
            cls.frame_type = type

    def frame(self, reply_to: str | int | None = None) -> bytes:
        """The frame's bytes; made once, however many sockets it goes to."""
        head: dict[str, Any] = {"type": self.frame_type}
        if reply_to is not None:
            head["reply_to"] = reply_to
        fields = self.model_dump_json()
        opening = json.dumps(head, ensure_ascii=False)
        text = opening if fields == "{}" else f"{opening[:-1]}, {fields[1:]}"
        return text.encode()


CommandHandler = Callable[..., Awaitable[Event | None]]
H = TypeVar("H", bound=CommandHandler)


class CommandDeclaration(TypedDict, total=False):
    body: Required[type[Command]]
    # The event that answers it; None: it is carried out in silence.
    answers: Required[type[Event] | None]
    # Narrower than the socket's own, where a command is not for all who may connect.
    roles: Roles
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class DeclaredCommand:
    name: str
    summary: str
    body: type[Command]
    answers: type[Event] | None
    roles: Roles = EVERYONE
    limit: Limit | None = None
    handler: CommandHandler | None = None


class Socket:
    """One socket path, its commands and its events."""

    def __init__(
        self,
        path: str,
        summary: str,
        *,
        tag: str,
        roles: Roles,
        query: type[Wire] | None = None,
        longest_frame: int = 64 * KIB,
        outlives_token: bool = False,
        short_names: dict[str, str] | None = None,
    ) -> None:
        self.path = path
        self.summary = summary
        self.tag = tag
        self.roles = roles
        self.query = query
        self.longest_frame = longest_frame
        # For clients that know no `auth` frame: it stays open as long as its session lives.
        self.outlives_token = outlives_token
        # Older names of commands, by which clients may call them.
        self.short_names = short_names or {}
        self.commands: dict[str, DeclaredCommand] = {}
        self.events: dict[str, type[Event]] = {}

    def command(self, name: str, **declared: Unpack[CommandDeclaration]) -> Callable[[H], H]:
        def register(handler: H) -> H:
            summary = inspect.cleandoc(handler.__doc__ or "").partition("\n")[0]
            command = DeclaredCommand(name, summary, **declared, handler=handler)
            self._check(command, handler)
            self._add(command)
            return handler

        return register

    def planned(
        self,
        name: str,
        summary: str,
        **declared: Unpack[CommandDeclaration],
    ) -> None:
        self._add(DeclaredCommand(name, summary, **declared))

    def sends(self, *events: type[Event]) -> None:
        """Name the events that reach the client without having been asked for."""
        for event in events:
            self.events[event.frame_type] = event

    def find(self, name: str) -> DeclaredCommand | None:
        return self.commands.get(self.short_names.get(name, name))

    def is_built(self) -> bool:
        """Whether the server serves it: as soon as one of its commands is more than planned."""
        return any(command.handler is not None for command in self.commands.values())

    def _add(self, command: DeclaredCommand) -> None:
        if command.name in self.commands:
            raise WrongDeclaration(f"{self.path} declares {command.name} twice")
        self.commands[command.name] = command
        if command.answers is not None:
            self.events[command.answers.frame_type] = command.answers

    def _check(self, command: DeclaredCommand, handler: CommandHandler) -> None:
        place = f"{self.path} {command.name} ({handler.__qualname__})"
        if not command.summary:
            raise WrongDeclaration(f"{place} has no docstring: its first line is the summary")
        given = list(inspect.signature(handler).parameters.values())
        if len(given) != 2 or given[1].annotation is not command.body:
            raise WrongDeclaration(f"{place} does not take (connection, {command.body.__name__})")
