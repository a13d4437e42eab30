"""`/ws/stream`: a live stream's signalling, for the streamer and for those who watch."""

from api.access import MEMBERS
from api.streams.frames import (
    JoinStreamCommand,
    LeaveStreamCommand,
    ReactToStreamCommand,
    StreamAnswerCommand,
    StreamEnded,
    StreamIceCommand,
    StreamJoined,
    StreamLive,
    StreamOfferCommand,
    StreamReaction,
    StreamRestartCommand,
    StreamSignalAnswer,
    StreamSignalIce,
    StreamSignalOffer,
    StreamSocketQuery,
    SubscribeStreamCommand,
    ViewerList,
)
from api.ws.declare import KIB, Socket

socket = Socket(
    "/ws/stream",
    "A live stream: publishing it, or watching it.",
    tag="Streams",
    roles=MEMBERS,
    query=StreamSocketQuery,
    longest_frame=256 * KIB,
)

socket.planned(
    "stream:join",
    "Come to a stream; a viewer gets the server's offer next.",
    body=JoinStreamCommand,
    answers=StreamJoined,
)
socket.planned(
    "stream:leave",
    "Go from the stream.",
    body=LeaveStreamCommand,
    answers=None,
)
socket.planned(
    "signal:offer",
    "Offer the stream's media, as the streamer.",
    body=StreamOfferCommand,
    answers=StreamSignalAnswer,
)
socket.planned(
    "signal:answer",
    "Answer the server's offer.",
    body=StreamAnswerCommand,
    answers=None,
)
socket.planned(
    "signal:ice",
    "Add an ICE candidate.",
    body=StreamIceCommand,
    answers=None,
)
socket.planned(
    "signal:restart",
    "Restart ICE after a change of network.",
    body=StreamRestartCommand,
    answers=None,
)
socket.planned(
    "track:subscribe",
    "Say whether a track is wanted, and how large.",
    body=SubscribeStreamCommand,
    answers=None,
)
socket.planned(
    "reaction:new",
    "Show an emoji to all; above five a second they are dropped in silence.",
    body=ReactToStreamCommand,
    answers=None,
)

socket.sends(
    StreamSignalOffer,
    StreamSignalIce,
    StreamLive,
    StreamEnded,
    StreamReaction,
    ViewerList,
)
