"""The AsyncAPI document, made from the declared sockets."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from api import guide
from api.access import Role, Roles
from api.examples import example_command, example_event
from api.json_schema import GOT, SENT, Schema, Schemas, Use
from api.openapi import without_null
from api.ws.closing import CloseCode
from api.ws.common import common
from api.ws.declare import DeclaredCommand, Event, Socket

CLOSE_CODES = {
    CloseCode.NORMAL: "goodbye",
    CloseCode.BINARY: "a frame was binary",
    CloseCode.NOT_UTF8: "a frame was not UTF-8",
    CloseCode.TOO_LARGE: "a frame was too large",
    CloseCode.RESTARTING: "the server restarts: come back in a moment",
    CloseCode.UNAUTHENTICATED: "no token, or one that opens nothing any more",
    CloseCode.FORBIDDEN: "you may not be here, or no longer",
    CloseCode.NOT_FOUND: "there is no such thing, or it is closed",
    CloseCode.TOO_SLOW: "you read too slowly: come back and resume",
    CloseCode.FLOODING: "far too many frames at once",
}

_SECURITY_SCHEMES = {
    "header": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "`Authorization: Bearer <token>` at the handshake.",
    },
    "query": {
        "type": "httpApiKey",
        "in": "query",
        "name": "token",
        "description": "`?token=<token>` at the handshake; it reaches no log.",
    },
    "subprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": "`hearth.v1, bearer.<token>`: what a browser's `WebSocket` can send.",
    },
    "frame": {
        "type": "apiKey",
        "in": "password",
        "description": "A first frame `auth` with the token, within five seconds.",
    },
}
_REPLY_TO: Schema = {
    "type": ["string", "integer"],
    "description": "The `id` of the command that this answers.",
}


def asyncapi_document(
    sockets: Iterable[Socket], *, planned: bool, title: str, version: str, server_url: str
) -> dict[str, Any]:
    """With `planned`, also the sockets and commands that are declared and not built yet."""
    shown = [
        _Channel(socket, planned=planned) for socket in sockets if planned or socket.is_built()
    ]
    schemas = Schemas(use for channel in shown for use in channel.uses())
    channels = {channel.key: channel.document(schemas) for channel in shown}
    url = urlsplit(server_url)
    server = {
        "host": url.netloc,
        "protocol": "wss" if url.scheme == "https" else "ws",
        "security": [
            {"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY_SCHEMES
        ],
    }
    if url.path.strip("/"):
        server["pathname"] = url.path
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version, "description": _guide()},
        "defaultContentType": "application/json",
        "servers": {"hearth": server},
        "channels": channels,
        "operations": {key: value for channel in shown for key, value in channel.operations()},
        "components": {
            "schemas": schemas.used_in(channels),
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _guide() -> str:
    lines = (f"- {code.value}: {meaning}" for code, meaning in CLOSE_CODES.items())
    return guide.SOCKETS.replace("{close_codes}", "\n".join(lines))


class _Channel:
    """One socket as a channel: its messages, and what is done with each of them."""

    def __init__(self, socket: Socket, *, planned: bool) -> None:
        self.socket = socket
        self.key = _key(socket.path)
        own = {name: c for name, c in socket.commands.items() if planned or c.handler}
        # What every socket knows, unless this one has a frame of that name itself.
        self.commands = list({**common.commands, **own}.values())
        self.events = list({**common.events, **socket.events}.values())

    def uses(self) -> Iterator[Use]:
        if self.socket.query is not None:
            yield self.socket.query, SENT
        for command in self.commands:
            yield command.body, SENT
        for event in self.events:
            yield event, GOT

    def document(self, schemas: Schemas) -> dict[str, Any]:
        channel: dict[str, Any] = {
            "address": self.socket.path,
            "title": self.socket.path,
            "summary": self.socket.summary,
            "description": f"A frame has room for {self.socket.longest_frame // 1024} KiB.",
            "tags": [{"name": self.socket.tag}],
            "x-hearth-roles": _names(self.socket.roles),
            "messages": {
                **{_message("command", c.name): self._command(c, schemas) for c in self.commands},
                **{_message("event", e.frame_type): _event(e, schemas) for e in self.events},
            },
        }
        parameters = re.findall(r"\{(\w+)", self.socket.path)
        if parameters:
            channel["parameters"] = {name: {} for name in parameters}
        if self.socket.query is not None:
            query = schemas.inline(self.socket.query, SENT)
            fields = {name: without_null(field) for name, field in query["properties"].items()}
            channel["bindings"] = {
                "ws": {"method": "GET", "query": {**query, "properties": fields}}
            }
        return channel

    def operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What the server does: it receives commands and sends events."""
        channel = {"$ref": f"#/channels/{self.key}"}
        for command in self.commands:
            name = _message("command", command.name)
            operation: dict[str, Any] = {
                "action": "receive",
                "channel": channel,
                "summary": command.summary,
                "x-hearth-roles": _names(self.socket.roles & command.roles),
                "messages": [self._reference(name)],
            }
            if command.limit is not None:
                operation["x-hearth-limit"] = command.limit
            if command.answers is not None:
                answer = _message("event", command.answers.frame_type)
                operation["reply"] = {"channel": channel, "messages": [self._reference(answer)]}
            yield f"{self.key}.{name}", operation
        for event in self.events:
            name = _message("event", event.frame_type)
            yield (
                f"{self.key}.{name}",
                {
                    "action": "send",
                    "channel": channel,
                    "summary": _first_line(event),
                    "messages": [self._reference(name)],
                },
            )

    def _command(self, command: DeclaredCommand, schemas: Schemas) -> dict[str, Any]:
        # A command that goes by older names as well is the same frame under each of them.
        short = [name for name, full in self.socket.short_names.items() if full == command.name]
        names: Schema = {"enum": [command.name, *short]} if short else {"const": command.name}
        return _frame(
            command.name,
            command.summary,
            schemas.inline(command.body, SENT),
            {"type": {"type": "string", **names}},
            example_command(command),
        )

    def _reference(self, message: str) -> dict[str, str]:
        return {"$ref": f"#/channels/{self.key}/messages/{message}"}


def _event(event: type[Event], schemas: Schemas) -> dict[str, Any]:
    return _frame(
        event.frame_type,
        _first_line(event),
        schemas.inline(event, GOT),
        {"type": {"type": "string", "const": event.frame_type}, "reply_to": _REPLY_TO},
        example_event(event),
    )


def _frame(
    name: str, summary: str, fields: Schema, head: dict[str, Schema], example: dict[str, Any]
) -> dict[str, Any]:
    required = [field for field in fields.get("required", ()) if field != "type"]
    payload = {
        **fields,
        "properties": {**head, **_without(fields.get("properties", {}), head)},
        "required": ["type", *required],
    }
    return {
        "name": name,
        "title": name,
        "summary": summary,
        "payload": payload,
        "examples": [{"payload": example}],
    }


def _without(fields: dict[str, Schema], head: dict[str, Schema]) -> dict[str, Schema]:
    return {name: field for name, field in fields.items() if name not in head}


def _names(roles: Roles) -> list[str]:
    return [str(role) for role in Role if role in roles]


def _message(kind: str, frame_type: str) -> str:
    return f"{kind}.{_key(frame_type)}"


def _key(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_")


def _first_line(event: type[Event]) -> str:
    return (event.__doc__ or "").strip().partition("\n")[0]
