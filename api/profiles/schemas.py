"""The wire of profiles and of the game credentials kept in them."""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, Secret, StringConstraints

from api.accounts.credentials import Handed
from api.accounts.schemas import AvatarUrl, DisplayName, Locale, TimeZone, UserId, avatar_url
from api.media.schemas import UploadedFile
from api.wire import SERVER_MADE, Timestamp, Wire, id_field
from store.games import GameCredential, profile_id_of
from store.users import User

_ONE_LINE = r"^[^\x00-\x1f\x7f]+$"

ProfileId = Annotated[str, id_field("pr")]
Bio = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=1000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
    ),
]


class GameCredentialOut(Wire):
    """What is known of a game account; its password is in no answer."""

    id: Annotated[str, SERVER_MADE, id_field("g")]
    profile_id: Annotated[ProfileId, SERVER_MADE]
    game_name: Annotated[str, Field(examples=["Minecraft"])]
    username: Annotated[str, Field(examples=["MaraBuilds"])]
    client_encrypted: Annotated[
        bool,
        Field(description="Whether the client had encrypted the password itself.", examples=[True]),
    ]
    created_at: Annotated[Timestamp, SERVER_MADE]

    @classmethod
    def of(cls, credential: GameCredential) -> Self:
        return cls(
            id=credential.id,
            profile_id=credential.profile_id,
            game_name=credential.game_name,
            username=credential.username,
            client_encrypted=credential.client_encrypted,
            created_at=credential.created_at,
        )


class NewGameCredential(Wire):
    """A game account to keep."""

    game_name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=_ONE_LINE),
        Field(examples=["Minecraft"]),
    ]
    username: Annotated[
        str,
        StringConstraints(min_length=1, max_length=255, pattern=_ONE_LINE),
        Field(examples=["MaraBuilds"]),
    ]
    password_plain: Annotated[
        Secret[Annotated[str, StringConstraints(min_length=1, max_length=4096)]] | None,
        Field(
            description="The password, or what the client made of it by its own encryption.",
            examples=["AZ9fQ0kT1mB4w7Yd"],
        ),
    ] = None
    client_encrypted: Annotated[
        bool,
        Field(
            description="`password_plain` is the client's own ciphertext: it can be read back.",
            examples=[True],
        ),
    ] = False


class GameBlobOut(Wire):
    """What the client had encrypted itself, as it came."""

    blob: Annotated[Handed, Field(examples=["AZ9fQ0kT1mB4w7Yd"])]


class ProfileOut(Wire):
    """The caller's profile."""

    id: Annotated[ProfileId, SERVER_MADE]
    user_id: Annotated[UserId, SERVER_MADE]
    display_name: Annotated[str, Field(examples=["Mara"])]
    avatar_url: AvatarUrl
    bio: Annotated[str | None, Field(examples=["Bakes bread, loses at chess."])]
    locale: Annotated[str | None, Field(examples=["de-DE"])]
    timezone: Annotated[str | None, Field(examples=["Europe/Berlin"])]
    games: Annotated[list[GameCredentialOut], SERVER_MADE]

    @classmethod
    def of(cls, user: User, games: Iterable[GameCredential]) -> Self:
        return cls(
            id=profile_id_of(user.id),
            user_id=user.id,
            display_name=user.display_name,
            avatar_url=avatar_url(user.avatar_id),
            bio=user.bio,
            locale=user.locale,
            timezone=user.timezone,
            games=[GameCredentialOut.of(credential) for credential in games],
        )


class ChangeProfile(Wire):
    """What to change; what is left out stays, and null empties it."""

    display_name: Annotated[
        DisplayName | None,
        Field(description="There is always one: null changes nothing.", examples=["Mara"]),
    ] = None
    bio: Annotated[Bio | None, Field(examples=["Bakes bread, loses at chess."])] = None
    locale: Annotated[Locale | None, Field(examples=["de-DE"])] = None
    timezone: Annotated[TimeZone | None, Field(examples=["Europe/Berlin"])] = None


class NewAvatar(Wire):
    """A picture of oneself: JPEG, PNG or WebP, up to 5 MiB; it is cut to a square."""

    file: UploadedFile
