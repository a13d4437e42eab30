"""The frames of `/ws/stream`; `stream:live` and `stream:ended` go to `/ws/chat` too."""

from typing import Annotated

from pydantic import Field

from api.accounts.schemas import SenderOut, UserId
from api.calls.schemas import IceServerOut, ParticipantOut
from api.calls.signals import (
    AnswerCommand,
    IceCommand,
    OfferCommand,
    RestartCommand,
    SignalAnswer,
    SignalIce,
    SignalOffer,
    SubscribeCommand,
)
from api.conversations.emoji import Emoji
from api.streams.schemas import StreamId, StreamOut
from api.wire import Wire
from api.ws.declare import Command, Event


class StreamSocketQuery(Wire):
    """Which stream the socket is for."""

    stream_id: Annotated[
        StreamId | None, Field(description="Left out: `stream:join` names it, or none.")
    ] = None


class StreamCommand(Command):
    """A command at a stream."""

    stream_id: Annotated[
        StreamId | None,
        Field(
            description="Left out: the stream that the socket is at.",
            examples=["st_01jn8xv3k0e5qr7s9tbcdfghj2"],
        ),
    ] = None


class JoinStreamCommand(StreamCommand):
    """Comes to a stream, as its streamer or to watch."""


class LeaveStreamCommand(StreamCommand):
    """Goes from the stream; the socket stays."""


class StreamOfferCommand(OfferCommand, StreamCommand):
    """The streamer's offer."""


class StreamAnswerCommand(AnswerCommand, StreamCommand):
    """A viewer's answer to the server's offer."""


class StreamIceCommand(IceCommand, StreamCommand):
    """Adds a candidate; null: there are no more."""


class StreamRestartCommand(RestartCommand, StreamCommand):
    """Asks for new ICE credentials on the same session, after a change of network."""


class SubscribeStreamCommand(SubscribeCommand, StreamCommand):
    """Says whether a track is wanted, and how large it is shown."""


class ReactToStreamCommand(StreamCommand):
    """Shows an emoji to all who watch."""

    emoji: Emoji
    user_id: Annotated[
        str | None, Field(max_length=64, description="Passed over: it is always one's own.")
    ] = None


class StreamEvent(Event):
    """An event of a stream."""

    stream_id: StreamId


class StreamJoined(StreamEvent, type="stream:joined"):
    """One is at the stream."""

    stream: StreamOut
    self: ParticipantOut
    ice_servers: list[IceServerOut]


class StreamSignalAnswer(StreamEvent, SignalAnswer, type="signal:answer"):
    """The server's answer to the streamer's offer."""


class StreamSignalOffer(StreamEvent, SignalOffer, type="signal:offer"):
    """The server's offer to a viewer."""


class StreamSignalIce(StreamEvent, SignalIce, type="signal:ice"):
    """A candidate of the server's; null: there are no more."""


class StreamLive(Event, type="stream:live"):
    """A stream that one may watch has begun."""

    stream: StreamOut


class StreamEnded(StreamEvent, type="stream:ended"):
    """A stream is over."""


class StreamReaction(StreamEvent, type="reaction:new"):
    """Somebody shows an emoji."""

    emoji: Emoji
    user_id: UserId


class ViewerList(StreamEvent, type="viewer:list"):
    """Who watches, at most once a second."""

    count: Annotated[int, Field(examples=[12])]
    viewers: Annotated[
        list[SenderOut] | None, Field(description="null: they are 100 or more, and not named.")
    ]
