"""What travels: the message, and the server that sent it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from store.bus import LARGEST_MESSAGE, Body, MessageTooLarge


class BrokenEnvelope(ValueError):
    """Somebody else wrote into one of our channels."""


@dataclass(frozen=True, slots=True)
class Envelope:
    server: str
    body: Body

    @classmethod
    def read(cls, payload: bytes) -> "Envelope":
        try:
            match json.loads(payload):
                case {"srv": str(server), "body": Mapping() as body}:
                    return cls(server, body)
        except ValueError as error:
            raise BrokenEnvelope(str(error)) from None
        raise BrokenEnvelope("It has no srv, or no body.")


def packed(topic: str, message: Body) -> bytes:
    """The message as any bus carries it; raises what is wrong with it."""
    # Escaped to ASCII: a lone surrogate, which a client may send, has no UTF-8 form.
    body = json.dumps(dict(message), separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(body) > LARGEST_MESSAGE:
        raise MessageTooLarge(
            f"A message for {topic!r} has {len(body):,} bytes; the bus carries"
            f" {LARGEST_MESSAGE:,}. Publish a reference to the thing instead."
        )
    return body


def seal(server: str, topic: str, message: Body) -> bytes:
    return b'{"srv":%s,"body":%s}' % (json.dumps(server).encode("ascii"), packed(topic, message))
