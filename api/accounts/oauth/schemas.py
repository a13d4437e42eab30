"""The wire of signing in with Google or Apple."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from api.accounts.credentials import SecondFactor, Token
from api.accounts.login.schemas import RefreshInBody
from api.wire import Wire


class LogInWithProvider(Wire):
    """What the provider gave to the client: an identity token, or a code to get one with."""

    id_token: Annotated[Token | None, Field(examples=["eyJhbGciOiJSUzI1NiJ9.e30.c2ln"])] = None
    code: Annotated[Token | None, Field(examples=[None])] = None
    redirect_uri: Annotated[
        str | None,
        Field(
            max_length=2048,
            description="The one that the code was asked for with.",
            examples=[None],
        ),
    ] = None
    nonce: Annotated[
        str | None, Field(max_length=256, description="The one in the token.", examples=[None])
    ] = None
    code_verifier: Annotated[
        Token | None, Field(description="Of PKCE, beside a code.", examples=[None])
    ] = None
    totp: SecondFactor | None = None
    refresh_in_body: RefreshInBody = False

    @model_validator(mode="after")
    def _carries_one(self) -> Self:
        if (self.id_token is None) == (self.code is None):
            raise ValueError("does not carry one proof: send either `id_token` or `code`")
        return self


class ProviderAnswer(Wire):
    """How a provider sends somebody back: with a code, or with the reason why not."""

    # Providers add fields as they please; those are theirs to name and not ours to refuse.
    model_config = ConfigDict(extra="ignore")

    state: Annotated[str, Field(max_length=512, examples=["q3VvYt0nH1c"])]
    code: Annotated[Token | None, Field(examples=["4/0AbUR2VOe"])] = None
    id_token: Annotated[Token | None, Field(examples=[None])] = None
    error: Annotated[str | None, Field(max_length=512, examples=[None])] = None
