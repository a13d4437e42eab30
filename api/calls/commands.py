"""`/ws/call`: signalling and everything else that happens in a call."""

from api.access import MEMBERS
from api.calls.frames import (
    CallAnswerCommand,
    CallDeclined,
    CallEnd,
    CallIceCommand,
    CallJoined,
    CallMissed,
    CallOfferCommand,
    CallReaction,
    CallRestartCommand,
    CallRing,
    CallSignalAnswer,
    CallSignalIce,
    CallSignalOffer,
    CallSocketQuery,
    CallWaiting,
    CallWarning,
    EndCallCommand,
    HandRaised,
    JoinCallCommand,
    LayersUpdate,
    LeaveCallCommand,
    MuteTrackCommand,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantUpdated,
    ParticipantWaiting,
    QualityUpdate,
    RaiseHandCommand,
    ReactInCallCommand,
    SpeakerActive,
    SubscribeTrackCommand,
    TrackMuted,
    TrackPublished,
    TrackUnpublished,
)
from api.ws.declare import KIB, Socket

socket = Socket(
    "/ws/call",
    "One call: joining, signalling, and what its people do.",
    tag="Calls",
    roles=MEMBERS,
    query=CallSocketQuery,
    longest_frame=256 * KIB,
    short_names={"offer": "signal:offer", "answer": "signal:answer", "ice": "signal:ice"},
)

socket.planned(
    "call:join",
    "Join a call; where it has a lobby, `call:waiting` comes first.",
    body=JoinCallCommand,
    answers=CallJoined,
)
socket.planned(
    "signal:offer",
    "Offer a connection.",
    body=CallOfferCommand,
    answers=CallSignalAnswer,
)
socket.planned(
    "signal:answer",
    "Answer the server's offer.",
    body=CallAnswerCommand,
    answers=None,
)
socket.planned(
    "signal:ice",
    "Add an ICE candidate.",
    body=CallIceCommand,
    answers=None,
)
socket.planned(
    "signal:restart",
    "Restart ICE after a change of network.",
    body=CallRestartCommand,
    answers=None,
)
socket.planned(
    "track:mute",
    "Mute one's own track, or no longer.",
    body=MuteTrackCommand,
    answers=None,
)
socket.planned(
    "track:subscribe",
    "Say whether a track is wanted, and how large.",
    body=SubscribeTrackCommand,
    answers=None,
)
socket.planned(
    "hand:raise",
    "Raise one's hand, or lower it.",
    body=RaiseHandCommand,
    answers=None,
)
socket.planned(
    "reaction:new",
    "Show an emoji to all.",
    body=ReactInCallCommand,
    answers=None,
)
socket.planned(
    "call:leave",
    "Leave the call.",
    body=LeaveCallCommand,
    answers=None,
)
socket.planned(
    "call:end",
    "End the call for all, as its host.",
    body=EndCallCommand,
    answers=None,
)

socket.sends(
    CallRing,
    CallDeclined,
    CallMissed,
    CallWaiting,
    CallSignalOffer,
    CallSignalIce,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantUpdated,
    ParticipantWaiting,
    TrackPublished,
    TrackUnpublished,
    TrackMuted,
    SpeakerActive,
    QualityUpdate,
    LayersUpdate,
    HandRaised,
    CallReaction,
    CallWarning,
    CallEnd,
)
