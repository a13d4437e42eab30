"""The wire of calls, their participants and their tracks."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.accounts.schemas import UserId
from api.conversations.ids import ConversationId
from api.wire import SERVER_MADE, PageQuery, Timestamp, Wire, id_field

CallType = Literal["1v1", "group"]
CallState = Literal["ringing", "answered", "declined", "missed", "cancelled", "busy", "ended"]
TrackKind = Literal["audio", "video"]
Source = Literal["camera", "microphone", "screen", "screen_audio"]

CallId = Annotated[str, id_field("call")]
ParticipantId = Annotated[str, id_field("pt")]
TrackId = Annotated[str, id_field("tr")]
EndReason = Annotated[
    str,
    Field(
        description="Why it is over, for programs: `hung_up`, `server`, `QUIET_HOURS` and the like;"
        " more may come.",
        examples=["hung_up"],
    ),
]


class ParticipantStatsOut(Wire):
    """One participant's media over the whole call, as the server counted it."""

    user_id: UserId
    duration: Annotated[int, Field(description="In seconds.", examples=[754])]
    bytes_sent: Annotated[int, Field(examples=[61_340_112])]
    bytes_received: Annotated[int, Field(examples=[58_022_431])]
    loss: Annotated[float, Field(description="Lost packets, as a share of all.", examples=[0.004])]
    jitter_ms: Annotated[float | None, Field(examples=[3.1])]
    rtt_ms: Annotated[float | None, Field(examples=[18.5])]
    layers: Annotated[
        dict[str, float],
        Field(
            description="Seconds for which each simulcast layer was received, by its rid.",
            examples=[{"h": 42.0, "f": 712.0}],
        ),
    ]
    freezes: Annotated[int, Field(examples=[0])]


class CallOut(Wire):
    """A call, running or over."""

    id: Annotated[CallId, SERVER_MADE]
    conversation_id: Annotated[ConversationId, SERVER_MADE]
    type: Annotated[CallType, SERVER_MADE, Field(examples=["group"])]
    state: Annotated[CallState, SERVER_MADE, Field(examples=["ringing"])]
    reason: Annotated[
        EndReason | None,
        SERVER_MADE,
        Field(description="Why it ended; null: it has not.", examples=[None]),
    ]
    started_by: Annotated[UserId | None, SERVER_MADE]
    host_id: Annotated[UserId | None, SERVER_MADE]
    lobby: Annotated[bool, Field(description="People wait to be admitted.", examples=[False])]
    locked: Annotated[bool, Field(description="Nobody new comes in.", examples=[False])]
    record: Annotated[bool, Field(description="It is being recorded.", examples=[False])]
    created_at: Annotated[Timestamp, SERVER_MADE]
    started_at: Annotated[Timestamp, SERVER_MADE, Field(description="The same as `created_at`.")]
    answered_at: Annotated[Timestamp | None, SERVER_MADE, Field(examples=[None])]
    ended_at: Annotated[Timestamp | None, SERVER_MADE, Field(examples=[None])]
    stats: Annotated[
        list[ParticipantStatsOut] | None,
        SERVER_MADE,
        Field(
            description="One for each participant; null: the call has not ended.", examples=[None]
        ),
    ]


class TrackOut(Wire):
    """Something that a participant sends."""

    track_id: TrackId
    kind: Annotated[TrackKind, Field(examples=["video"])]
    source: Annotated[Source, Field(examples=["camera"])]
    muted: Annotated[bool, Field(examples=[False])]


class ParticipantOut(Wire):
    """Somebody in a call or at a stream, with what they send."""

    participant_id: ParticipantId
    user_id: UserId
    display_name: Annotated[str, Field(examples=["Mara"])]
    hand: Annotated[bool, Field(description="Their hand is raised.", examples=[False])]
    tracks: list[TrackOut]


class StartCall(Wire):
    """Where to call, or whom."""

    conversation_id: Annotated[
        ConversationId | None, Field(examples=["c_01jn8xv3k0e5qr7s9tbcdfghj2"])
    ] = None
    member_ids: Annotated[
        list[UserId] | None,
        Field(
            min_length=1,
            max_length=100,
            description="Instead of a conversation: the call runs in theirs.",
            examples=[None],
        ),
    ] = None
    type: Annotated[CallType, Field(examples=["group"])]

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.conversation_id is None) == (self.member_ids is None):
            raise ValueError("names no one place to call: give conversation_id or member_ids")
        return self


class CallsQuery(PageQuery):
    """Which calls; newest first."""

    conversation_id: Annotated[
        ConversationId | None, Field(description="Left out: everywhere.", examples=[None])
    ] = None


class ChangeCall(Wire):
    """What to change; what is left out stays."""

    lobby: Annotated[bool | None, Field(examples=[False])] = None
    locked: Annotated[bool | None, Field(examples=[True])] = None
    record: Annotated[bool | None, Field(examples=[False])] = None


class MuteParticipant(Wire):
    """What of theirs shall no longer be forwarded."""

    source: Annotated[Source, Field(examples=["microphone"])]


class IceServerOut(Wire):
    """A TURN server, and what opens it for a while."""

    urls: Annotated[
        list[str],
        Field(
            examples=[
                [
                    "turn:turn.hearth.example:3478?transport=udp",
                    "turn:turn.hearth.example:3478?transport=tcp",
                    "turns:turn.hearth.example:5349",
                ]
            ]
        ),
    ]
    username: Annotated[
        str,
        Field(
            description="`<expiry>:<user>`.", examples=["1772370000:u_01jn8xv3k0e5qr7s9tbcdfghj2"]
        ),
    ]
    credential: Annotated[str, Field(repr=False, examples=["5bJ0cVv7oTn0uQ8Vb1mZ0g5o3hA="])]


class IceServersOut(Wire):
    """Where media can be relayed; an empty list without TURN."""

    ice_servers: list[IceServerOut]
    ttl: Annotated[int, Field(description="Seconds until they expire.", examples=[3600])]
