"""What breaks between two AsyncAPI documents."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from api.compatibility.openapi import access_lost
from api.compatibility.schemas import Document, SchemaChanges, resolve

Part = Mapping[str, Any]


def breaking_changes(old: Document, new: Document) -> list[str]:
    return list(dict.fromkeys(_lines(old, new)))


def _lines(old: Document, new: Document) -> Iterator[str]:
    schemas = SchemaChanges(old, new)
    present = _channels(new)
    for key, channel in _channels(old).items():
        place = channel["address"]
        if key not in present:
            yield f"{place}: removed"
            continue
        yield from access_lost(place, channel, present[key])
        yield from schemas.sent(f"{place} query", _query(channel), _query(present[key]))
        yield from _frames(schemas, place, _Frames(old, channel), _Frames(new, present[key]))


class _Frames:
    """The frames of one channel, by name: what it receives, what it sends, what answers what."""

    def __init__(self, document: Document, channel: Part) -> None:
        self.received: dict[str, Part] = {}
        self.sent: dict[str, Part] = {}
        self.operations: dict[str, Part] = {}
        self.answers: dict[str, list[str]] = {}
        for operation in document["operations"].values():
            if resolve(document, operation["channel"])["address"] != channel["address"]:
                continue
            replies = operation.get("reply", {}).get("messages", ())
            for reference in operation["messages"]:
                message = resolve(document, reference)
                name = message["name"]
                if operation["action"] == "send":
                    self.sent[name] = message["payload"]
                    continue
                self.received[name] = message["payload"]
                self.operations[name] = operation
                self.answers[name] = [resolve(document, reply)["name"] for reply in replies]


def _frames(schemas: SchemaChanges, channel: str, old: _Frames, new: _Frames) -> Iterator[str]:
    for name, payload in old.received.items():
        place = f"{channel} command {name}"
        if name not in new.received:
            yield f"{place}: removed"
            continue
        yield from access_lost(place, old.operations[name], new.operations[name])
        yield from schemas.sent(place, payload, new.received[name])
        for answer in old.answers[name]:
            if answer not in new.answers[name]:
                yield f"{place}: no longer answered by {answer}"
    for name, payload in old.sent.items():
        place = f"{channel} event {name}"
        if name not in new.sent:
            yield f"{place}: removed"
            continue
        yield from schemas.got(place, payload, new.sent[name])


def _channels(document: Document) -> dict[str, Part]:
    return {
        re.sub(r"\{[^}]*\}", "{}", channel["address"]).rstrip("/"): channel
        for channel in document["channels"].values()
    }


def _query(channel: Part) -> Part:
    query: Part = channel.get("bindings", {}).get("ws", {}).get("query", {})
    return query or {"type": "object"}
