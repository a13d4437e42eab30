"""How signing in with a provider is refused, in words that give nothing away."""

from api.errors import Code, Forbidden, Refusal, Unavailable

# After this many seconds the provider may be asked again.
PAUSE_SECONDS = 10


class NotProven(Refusal):
    """Whatever is wrong with a code or a token: which of it, only the log says."""

    code = Code.INVALID_CREDENTIALS

    def __init__(self) -> None:
        super().__init__("This could not be confirmed. Start to sign in once more.")


class ProviderAway(Unavailable):
    """The provider does not answer, or not as it should."""

    def __init__(self) -> None:
        super().__init__(
            "The provider can't confirm who you are right now. Try again in a moment, or sign in"
            " with your password.",
            retry_after=PAUSE_SECONDS,
        )


class NotConfigured(Refusal):
    code = Code.NOT_CONFIGURED

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"This server is not set up for signing in with {provider}. Use your password."
        )


def unconfirmed_address() -> Forbidden:
    return Forbidden(
        "The provider has not confirmed your e-mail address. Confirm it there, or sign in with your"
        " password."
    )


def wrong_role() -> Forbidden:
    return Forbidden("This account signs in with its password only.")
