"""The wire of the set-up."""

from typing import Annotated

from pydantic import Field

from api.accounts.credentials import NewPassword, Token
from api.accounts.login.schemas import RefreshInBody
from api.accounts.schemas import DisplayName, Email
from api.wire import Wire


class FirstAdmin(Wire):
    """Who runs this house, and the token of the link that shows it."""

    token: Annotated[Token, Field(description="What stands behind the `#` of the set-up link.")]
    email: Email
    password: NewPassword
    display_name: Annotated[
        DisplayName | None,
        Field(description="Left out: made from the e-mail address.", examples=["Mara"]),
    ] = None
    refresh_in_body: RefreshInBody = False
