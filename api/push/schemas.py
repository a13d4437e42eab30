"""The wire of push subscriptions."""

from typing import Annotated, Literal

from pydantic import Field, Secret, StringConstraints

from api.wire import SERVER_MADE, Wire, id_field

_BASE64URL = r"^[A-Za-z0-9_-]+={0,2}$"


class PushKeyOut(Wire):
    """The server's public key, which browsers ask for when they subscribe."""

    key: Annotated[
        str,
        Field(
            description="An uncompressed P-256 point in base64url.",
            examples=[
                (
                    "BBdNCR15nWqAdN_XSx4OzmWrSz1hCH9ghbd0zsVQnAjf"
                    "5JeEAZulQNYCxyZUasiU-A5Y042zpC5CRO6MR0cpmZo"
                )
            ],
        ),
    ]


class PushKeys(Wire):
    """The browser's keys, under which a push to it is encrypted (RFC 8291)."""

    p256dh: Annotated[
        str,
        Field(
            max_length=128,
            pattern=_BASE64URL,
            examples=[
                (
                    "BMEVij-kq81PFjcXGXCmL3MBvjStnEoVoagbMFSGG5rM"
                    "e5uVQwYP9LjqMa55BCmWM9mrAGSVu23ZAB_lnmO2TLQ"
                )
            ],
        ),
    ]
    auth: Annotated[
        Secret[Annotated[str, StringConstraints(max_length=64, pattern=_BASE64URL)]],
        Field(examples=["ldLWFVxKru4QAh_tKtETpA"]),
    ]


class NewPushSubscription(Wire):
    """Where this session's device wants to be told."""

    kind: Annotated[Literal["webpush"], Field(examples=["webpush"])]
    endpoint: Annotated[
        str,
        Field(
            max_length=2048,
            pattern=r"^https://[^\s]+$",
            description="On a public address.",
            examples=["https://push.example.net/wpush/v2/gAAAAABl"],
        ),
    ]
    keys: PushKeys


class PushSubscriptionOut(Wire):
    """The subscription that was made; it ends with the session."""

    id: Annotated[str, SERVER_MADE, id_field("push")]
