"""What this server is to a provider: a client that is registered there."""

from dataclasses import dataclass
from enum import StrEnum

from api.accounts.oauth.client_secret import ClientSecret


class ProviderName(StrEnum):
    GOOGLE = "google"
    APPLE = "apple"


@dataclass(frozen=True, slots=True)
class Client:
    provider: ProviderName
    issuer: str
    # Every spelling in which the provider signs its name; the issuer is one of them.
    issuers: frozenset[str]
    client_id: str
    # None: this server takes tokens only, and redeems no codes.
    secret: ClientSecret | None
    scope: str
    # How the answer to an authorization request travels, where it is not by redirect.
    response_mode: str | None = None
