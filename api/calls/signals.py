"""Signalling: what two ends of a peer connection say to each other, in calls and streams alike.

A call's frames add its `call_id`, a stream's its `stream_id`.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.calls.schemas import ParticipantId, Source, TrackId, TrackKind
from api.wire import Wire
from api.ws.declare import Command, Event

_LONGEST_SDP = 200_000
_MOST_TRACKS = 128

PeerConnection = Annotated[
    Literal["publish", "subscribe"],
    Field(
        description="`publish`: the client offers; `subscribe`: the server offers.",
        examples=["publish"],
    ),
]
# Never in a `repr`: it holds addresses and keys' fingerprints, and no log may show it.
Sdp = Annotated[
    str,
    Field(
        min_length=1,
        max_length=_LONGEST_SDP,
        repr=False,
        examples=["v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"],
    ),
]
Mid = Annotated[str, Field(max_length=32)]


class IceCandidate(Wire):
    """A browser's `RTCIceCandidateInit`, as it is."""

    # The dictionary is the browser's own, and newer browsers add to it.
    model_config = ConfigDict(extra="ignore")

    candidate: Annotated[
        str,
        Field(
            max_length=1024,
            repr=False,
            examples=["candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host"],
        ),
    ]
    # The names are WebRTC's.
    sdpMid: Annotated[str | None, Field(max_length=32, examples=["0"])] = None  # noqa: N815  # as above
    sdpMLineIndex: Annotated[int | None, Field(ge=0, le=1024, examples=[0])] = None  # noqa: N815  # as above
    usernameFragment: Annotated[str | None, Field(max_length=256, examples=["h3Rt"])] = None  # noqa: N815  # as above


class PublishedTrack(Wire):
    """What an offered section carries."""

    source: Annotated[Source, Field(examples=["camera"])]


class AcceptedTrack(Wire):
    """The id that a published track has from now on."""

    track_id: TrackId


class ForwardedTrack(Wire):
    """Whose track an offered section carries."""

    participant_id: ParticipantId
    track_id: TrackId
    kind: Annotated[TrackKind, Field(examples=["video"])]
    source: Annotated[Source, Field(examples=["camera"])]


class OfferCommand(Command):
    """Offers a connection, or what it shall carry from now on."""

    pc: PeerConnection = "publish"
    sdp: Sdp
    tracks: Annotated[
        dict[Mid, PublishedTrack],
        Field(
            max_length=_MOST_TRACKS,
            description="By mid. Left out: the first audio is the microphone, the first video the"
            " camera, a second video the screen.",
            examples=[{"0": {"source": "microphone"}, "1": {"source": "camera"}}],
        ),
    ] = Field(default_factory=dict)


class AnswerCommand(Command):
    """Answers the server's offer."""

    pc: PeerConnection = "publish"
    sdp: Sdp


class IceCommand(Command):
    """Adds a candidate; null: there are no more."""

    pc: PeerConnection = "publish"
    candidate: IceCandidate | None


class RestartCommand(Command):
    """Asks for new ICE credentials on the same session, after a change of network."""

    pc: PeerConnection = "publish"


class SubscribeCommand(Command):
    """Says whether a track is wanted, and how large it is shown."""

    track_id: TrackId
    enabled: Annotated[bool, Field(examples=[True])]
    width: Annotated[int | None, Field(ge=0, le=16_384, examples=[640])] = None
    height: Annotated[int | None, Field(ge=0, le=16_384, examples=[360])] = None
    fps: Annotated[float | None, Field(gt=0, le=240, allow_inf_nan=False, examples=[30])] = None
    pin: Annotated[bool, Field(description="It goes before the others.")] = False


class SignalAnswer(Event):
    """The server's answer to an offer."""

    pc: PeerConnection
    sdp: Sdp
    tracks: Annotated[
        dict[str, AcceptedTrack],
        Field(
            description="By mid.", examples=[{"1": {"track_id": "tr_01jn8xv3k0e5qr7s9tbcdfghj2"}}]
        ),
    ]


class SignalOffer(Event):
    """The server's offer; it names all of its sections."""

    pc: Annotated[PeerConnection, Field(examples=["subscribe"])]
    sdp: Sdp
    tracks: Annotated[
        dict[str, ForwardedTrack],
        Field(
            description="By mid.",
            examples=[
                {
                    "0": {
                        "participant_id": "pt_01jn8xv3k0e5qr7s9tbcdfghj2",
                        "track_id": "tr_01jn8xv3k0e5qr7s9tbcdfghj2",
                        "kind": "video",
                        "source": "camera",
                    }
                }
            ],
        ),
    ]


class SignalIce(Event):
    """A candidate of the server's; null: there are no more."""

    pc: PeerConnection
    candidate: IceCandidate | None
