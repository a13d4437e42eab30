"""The wire of signing in with Google or Apple."""

from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Secret,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from api.accounts.credentials import SecondFactor, Token
from api.accounts.login.schemas import RefreshInBody
from api.accounts.schemas import DisplayName
from api.wire import Wire


class LogInWithProvider(Wire):
    """What the provider gave to the client: an identity token, or a code to get one with; or the
    ticket that a browser came back with from there."""

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
        str | None,
        Field(
            max_length=256,
            description="The one in the token. Needed beside a code that was asked for with one.",
            examples=[None],
        ),
    ] = None
    code_verifier: Annotated[
        Token | None, Field(description="Of PKCE, beside a code.", examples=[None])
    ] = None
    ticket: Annotated[
        Token | None,
        Field(
            description="From `/app/sign-in#totp=<ticket>`; it wants `totp` beside it.",
            examples=[None],
        ),
    ] = None
    totp: SecondFactor | None = None
    refresh_in_body: RefreshInBody = False

    @model_validator(mode="after")
    def _carries_one(self) -> Self:
        if [self.id_token, self.code, self.ticket].count(None) != 2:
            raise ValueError("does not carry one proof: send `id_token`, `code` or `ticket`")
        return self


class ProviderAnswer(Wire):
    """How a provider sends somebody back: with a code, or with the reason why not."""

    # Providers add fields as they please; those are theirs to name and not ours to refuse.
    model_config = ConfigDict(extra="ignore")

    state: Annotated[
        Secret[Annotated[str, StringConstraints(max_length=512)]],
        Field(examples=["q3VvYt0nH1c"]),
    ]
    code: Annotated[Token | None, Field(examples=["4/0AbUR2VOe"])] = None
    id_token: Annotated[Token | None, Field(examples=[None])] = None
    error: Annotated[str | None, Field(max_length=512, examples=[None])] = None
    user: Annotated[
        str | None,
        Field(
            max_length=2048,
            description="What Apple asked somebody who comes for the first time, as JSON.",
            examples=[None],
        ),
    ] = None

    @property
    def name(self) -> str | None:
        """What they want to be called. It is their own word, and only good for that."""
        try:
            told = _AppleUser.model_validate_json(self.user or "").name
            return _NAME.validate_python(f"{told.firstName} {told.lastName}")
        except ValidationError:
            return None


class _AppleName(BaseModel):
    firstName: str = ""  # noqa: N815 - so Apple spells it
    lastName: str = ""  # noqa: N815 - so Apple spells it


class _AppleUser(BaseModel):
    name: _AppleName


_NAME: TypeAdapter[str] = TypeAdapter(DisplayName)
