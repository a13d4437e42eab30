"""The frames of `/ws/call`; those about a call's fate go to `/ws/chat` too."""

from typing import Annotated

from pydantic import Field

from api.accounts.schemas import UserId
from api.calls.schemas import (
    CallId,
    CallOut,
    EndReason,
    IceServerOut,
    ParticipantId,
    ParticipantOut,
    TrackId,
    TrackOut,
)
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
from api.conversations.ids import ConversationId
from api.errors import Code
from api.wire import Timestamp, Wire
from api.ws.declare import Command, Event

ResumeToken = Annotated[str, Field(max_length=256, examples=["k3V0b2tlbi1vZi1saWE"])]
CallOfSocket = Annotated[
    CallId | None,
    Field(
        description="Left out: the call that the socket is in.",
        examples=["call_01jn8xv3k0e5qr7s9tbcdfghj2"],
    ),
]
PeerToPeer = Annotated[
    UserId | None,
    Field(
        description="In a 1v1: pass the frame to this participant as it is. Only where the setting"
        " `p2p_calls` allows it, for it shows addresses.",
        examples=[None],
    ),
]


class CallSocketQuery(Wire):
    """Which call the socket is for."""

    call_id: Annotated[CallId | None, Field(description="A call that runs.")] = None
    conversation_id: Annotated[
        ConversationId | None,
        Field(description="Instead: start this conversation's call, or join the one that runs."),
    ] = None


class CallCommand(Command):
    """A command within a call."""

    call_id: CallOfSocket = None


class JoinCallCommand(CallCommand):
    """Joins a call, or continues in it after a lost socket or a reload."""

    resume_token: Annotated[
        ResumeToken | None,
        Field(repr=False, description="What `call:joined` gave.", examples=[None]),
    ] = None
    consent: Annotated[bool, Field(description="One agrees to being recorded.")] = False


class CallOfferCommand(OfferCommand, CallCommand):
    """Offers a connection, or what it shall carry from now on; without a join it joins first."""

    to: PeerToPeer = None


class CallAnswerCommand(AnswerCommand, CallCommand):
    """Answers the server's offer."""

    to: PeerToPeer = None


class CallIceCommand(IceCommand, CallCommand):
    """Adds a candidate; null: there are no more."""

    to: PeerToPeer = None


class CallRestartCommand(RestartCommand, CallCommand):
    """Asks for new ICE credentials on the same session, after a change of network."""


class MuteTrackCommand(CallCommand):
    """Mutes one's own track: nothing of it is forwarded."""

    track_id: TrackId
    muted: Annotated[bool, Field(examples=[True])]


class SubscribeTrackCommand(SubscribeCommand, CallCommand):
    """Says whether a track is wanted, and how large it is shown."""


class RaiseHandCommand(CallCommand):
    """Raises one's hand, or lowers it."""

    raised: Annotated[bool, Field(examples=[True])]


class ReactInCallCommand(CallCommand):
    """Shows an emoji to all."""

    emoji: Emoji
    user_id: Annotated[
        str | None, Field(max_length=64, description="Passed over: it is always one's own.")
    ] = None


class LeaveCallCommand(CallCommand):
    """Leaves the call."""


class EndCallCommand(CallCommand):
    """Ends the call for all, as its host or in a 1v1; for anyone else it means leaving."""


class CallEvent(Event):
    """An event of a call."""

    call_id: CallId


class CallJoined(CallEvent, type="call:joined"):
    """One is in the call."""

    call: CallOut
    self: ParticipantOut
    participants: list[ParticipantOut]
    ice_servers: list[IceServerOut]
    resume_token: Annotated[ResumeToken, Field(repr=False)]


class CallRing(CallEvent, type="call:ring"):
    """Somebody calls."""

    call: CallOut


class CallDeclined(CallEvent, type="call:declined"):
    """Somebody does not want to talk now."""

    user_id: UserId


class CallMissed(CallEvent, type="call:missed"):
    """Nobody answered in time."""


class CallWaiting(CallEvent, type="call:waiting"):
    """One is in the lobby, and `call:joined` comes once one is admitted."""


class CallSignalAnswer(CallEvent, SignalAnswer, type="signal:answer"):
    """The server's answer to an offer."""


class CallSignalOffer(CallEvent, SignalOffer, type="signal:offer"):
    """The server's offer; it names all of its sections."""


class CallSignalIce(CallEvent, SignalIce, type="signal:ice"):
    """A candidate of the server's; null: there are no more."""


class ParticipantJoined(CallEvent, type="participant:joined"):
    """Somebody came."""

    participant: ParticipantOut


class ParticipantLeft(CallEvent, type="participant:left"):
    """Somebody went."""

    participant: ParticipantOut


class ParticipantUpdated(CallEvent, type="participant:updated"):
    """Something of a participant is different now."""

    participant: ParticipantOut


class ParticipantWaiting(CallEvent, type="participant:waiting"):
    """To the host: somebody waits in the lobby."""

    user_id: UserId


class TrackPublished(CallEvent, type="track:published"):
    """A participant sends something new."""

    participant_id: ParticipantId
    track: TrackOut


class TrackUnpublished(CallEvent, type="track:unpublished"):
    """A participant no longer sends this."""

    participant_id: ParticipantId
    track_id: TrackId


class TrackMuted(CallEvent, type="track:muted"):
    """A track went silent or dark, or came back."""

    participant_id: ParticipantId
    track_id: TrackId
    muted: Annotated[bool, Field(examples=[True])]


class SpeakerActive(CallEvent, type="speaker:active"):
    """Who speaks, at most every 300 ms."""

    participant_id: Annotated[ParticipantId | None, Field(description="null: nobody.")]
    levels: Annotated[
        dict[str, float],
        Field(
            description="Loudness by participant, 0 to 1.",
            examples=[{"pt_01jn8xv3k0e5qr7s9tbcdfghj2": 0.62}],
        ),
    ]


class QualityUpdate(CallEvent, type="quality:update"):
    """How well a participant is connected, every 2 s."""

    participant_id: ParticipantId
    score: Annotated[float, Field(description="1 (bad) to 5 (as good as it gets).", examples=[4.6])]
    rtt_ms: Annotated[float | None, Field(examples=[18.5])]
    loss: Annotated[float, Field(description="Lost packets, as a share of all.", examples=[0.0])]


class LayersUpdate(CallEvent, type="layers:update"):
    """To the sender: which layers of a track somebody watches; the others can rest."""

    track_id: TrackId
    layers: Annotated[
        dict[str, bool],
        Field(description="By rid.", examples=[{"q": True, "h": True, "f": False}]),
    ]


class HandRaised(CallEvent, type="hand:raised"):
    """Somebody raised a hand, or lowered it."""

    participant_id: ParticipantId
    raised: Annotated[bool, Field(examples=[True])]


class CallReaction(CallEvent, type="reaction:new"):
    """Somebody shows an emoji."""

    participant_id: ParticipantId
    user_id: UserId
    emoji: Emoji


class CallWarning(CallEvent, type="call:warning"):
    """The call will be cut off soon."""

    code: Annotated[
        Code, Field(description="`QUIET_HOURS` or `TIME_UP`.", examples=["QUIET_HOURS"])
    ]
    ends_at: Timestamp


class CallEnd(CallEvent, type="call:end"):
    """The call is over, here or for all: `reason` tells."""

    reason: Annotated[
        EndReason,
        Field(
            description="Why, for programs: `answered_elsewhere`, `cancelled`, `removed`, `moved`,"
            " `server`, `hung_up`, `QUIET_HOURS` and the like; more may come.",
            examples=["answered_elsewhere"],
        ),
    ]
