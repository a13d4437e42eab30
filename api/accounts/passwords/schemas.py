"""The wire of changing a password."""

from typing import Annotated

from pydantic import Field

from api.accounts.credentials import NewPassword, Password, Token
from api.wire import Wire


class ChangePassword(Wire):
    """The password that is, and the one that shall be."""

    current: Password
    new: Annotated[NewPassword, Field(examples=["copper-kite-72-meadow"])]


class ResetPassword(Wire):
    """The token of a one-time link, and the password that shall be."""

    token: Annotated[Token, Field(description="What stands behind the `#` of the link.")]
    new: Annotated[NewPassword, Field(examples=["copper-kite-72-meadow"])]
