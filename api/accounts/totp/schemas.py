"""The wire of the second factor."""

from typing import Annotated

from pydantic import Field

from api.accounts.credentials import Handed, Password, SecondFactor
from api.wire import Wire


class TotpSecretOut(Wire):
    """What an authenticator needs; it counts once a code of it has been confirmed."""

    secret: Annotated[
        Handed, Field(description="In Base32.", examples=["TCVK5XI5ZJG5UYTLKD5CXNFEXUQQJVCU"])
    ]
    otpauth_url: Annotated[
        Handed,
        Field(
            description="The same, for a QR code.",
            examples=[
                "otpauth://totp/Hearth:mara?secret=TCVK5XI5ZJG5UYTLKD5CXNFEXUQQJVCU&issuer=Hearth"
            ],
        ),
    ]


class ConfirmTotp(Wire):
    """A code, to show that the authenticator has the secret."""

    code: Annotated[SecondFactor, Field(description="The six digits that it shows.")]


class RecoveryCodesOut(Wire):
    """Ten codes that serve once each when the authenticator is lost; they are shown this once."""

    recovery_codes: Annotated[
        list[Handed],
        Field(
            min_length=10,
            max_length=10,
            description="Capitals are as good as small letters, spaces as good as hyphens.",
            examples=[
                [
                    "7f3k-9q2m-c3re",
                    "x4wd-t8hn-y5bk",
                    "p6vz-c3re-w7qf",
                    "m9jg-y5bk-k4vp",
                    "h2ns-w7qf-z6gm",
                    "d8tx-k4vp-n9jh",
                    "r5cy-z6gm-f2xs",
                    "b3ew-n9jh-h8tc",
                    "q7kd-f2xs-9q2m",
                    "v4pm-h8tc-t8hn",
                ]
            ],
        ),
    ]


class RemoveTotp(Wire):
    """What it takes to go without a second factor again."""

    password: Password
    code: SecondFactor
