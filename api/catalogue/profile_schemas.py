"""The wire of kid profiles, the family's services and its televisions."""

from typing import Annotated

from pydantic import Field, StringConstraints

from api.accounts.schemas import BirthDate, UserId
from api.catalogue.schemas import DeviceId, Minutes, Platform, ProfileId, Rating, Service
from api.wire import SERVER_MADE, Timestamp, Wire

Pin = Annotated[
    str,
    Field(pattern=r"^[0-9]{4,6}$", description="4 to 6 digits.", examples=["4711"]),
]
ProfileName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$"
    ),
    Field(examples=["Lia"]),
]
Avatar = Annotated[
    str, Field(min_length=1, max_length=200, description="The name of a picture.", examples=["fox"])
]
Resolution = Annotated[str, Field(pattern=r"^[0-9]{2,5}x[0-9]{2,5}$", examples=["1920x1080"])]


class LauncherProfileOut(Wire):
    """A child as the television shows them."""

    id: Annotated[ProfileId, SERVER_MADE]
    name: Annotated[str, Field(examples=["Lia"])]
    avatar: Annotated[str | None, Field(examples=["fox"])]
    pin_set: Annotated[bool, SERVER_MADE, Field(examples=[True])]


class KidProfileOut(LauncherProfileOut):
    """A child's profile as the parents see it."""

    user_id: Annotated[UserId, SERVER_MADE, Field(examples=["u_01jn8xv3k0fhmr2d4w6y8zabcd"])]
    birth_date: BirthDate | None
    max_rating: Annotated[str | None, Field(description="null: any.", examples=["PG"])]
    daily_minutes: Annotated[int | None, Field(description="null: no limit.", examples=[90])]


class SaveProfile(Wire):
    """A child's profile; a PIN that is left out stays as it is, null takes it away."""

    name: ProfileName
    avatar: Annotated[Avatar | None, Field(examples=["fox"])] = None
    birth_date: Annotated[BirthDate | None, Field(examples=["2017-05-21"])] = None
    max_rating: Annotated[Rating | None, Field(description="null: any.", examples=["PG"])] = None
    pin: Annotated[Pin | None, Field(repr=False, examples=["4711"])] = None
    daily_minutes: Annotated[Minutes | None, Field(examples=[90])] = None


class ServicesOut(Wire):
    """The streaming services that the family has."""

    services: Annotated[list[Service], Field(examples=[["netflix", "disney"]])]


class SetServices(Wire):
    """All the streaming services that the family has, in place of those before."""

    services: Annotated[list[Service], Field(max_length=100, examples=[["netflix", "disney"]])]


class PairCodeOut(Wire):
    """A code that pairs one television, once."""

    code: Annotated[str, Field(repr=False, examples=["ABCD-1234"])]
    expires_in: Annotated[int, Field(description="In seconds.", examples=[600])]


class DeviceOut(Wire):
    """A television of the family's."""

    id: Annotated[DeviceId, SERVER_MADE]
    name: Annotated[str, Field(examples=["Living room"])]
    platform: Annotated[str | None, Field(examples=["androidtv"])]
    resolution: Annotated[str | None, Field(examples=["1920x1080"])]
    paired_at: Annotated[Timestamp, SERVER_MADE]
    last_seen: Annotated[Timestamp | None, SERVER_MADE]


class PairDevice(Wire):
    """The code that a parent was shown, and what the television says of itself."""

    code: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=32),
        Field(repr=False, examples=["ABCD-1234"]),
    ]
    device_name: Annotated[ProfileName | None, Field(examples=["Living room"])] = None
    platform: Annotated[Platform | None, Field(examples=["androidtv"])] = None
    resolution: Annotated[Resolution | None, Field(examples=["1920x1080"])] = None


class PairedOut(Wire):
    """The television's own token, shown this once, and whose it is."""

    device_token: Annotated[str, Field(repr=False, examples=["dv_3q2nYb0pKx7m"])]
    device: DeviceOut
    profiles: list[LauncherProfileOut]
