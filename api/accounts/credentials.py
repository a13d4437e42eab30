"""Passwords, PINs, tokens and codes, as types whose `repr` hides them."""

from typing import Annotated, TypeAlias

from pydantic import Field, PlainSerializer, Secret, StringConstraints

_AS_PASSWORD = Field(json_schema_extra={"format": "password"})

# The setting `password_min_length` may ask for more than ten, never for less.
NewPassword: TypeAlias = Annotated[
    Secret[Annotated[str, StringConstraints(min_length=10, max_length=128)]],
    _AS_PASSWORD,
    Field(examples=["lantern-oak-39-river"]),
]
# Whatever somebody types as their password: what could never have been one is answered like any
# other wrong one, up to a length that costs nothing to hash.
Password: TypeAlias = Annotated[
    Secret[Annotated[str, StringConstraints(min_length=1, max_length=1024)]],
    _AS_PASSWORD,
    Field(examples=["lantern-oak-39-river"]),
]
Pin: TypeAlias = Annotated[
    Secret[Annotated[str, StringConstraints(pattern=r"^[0-9]{4,6}$")]],
    _AS_PASSWORD,
    Field(description="Four to six digits.", examples=["4711"]),
]
SecondFactor: TypeAlias = Annotated[
    Secret[Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=32)]],
    Field(
        description="The six digits that the authenticator shows, or a recovery code.",
        examples=["492039"],
    ),
]
# Tokens that a client brings back; the longest are the identity tokens of providers.
Token: TypeAlias = Annotated[
    Secret[Annotated[str, StringConstraints(min_length=1, max_length=8192)]],
    Field(examples=["8Jm0cW3xq5p1TzKkV2sYbA7eRnLhDfUo"]),
]


def _open(secret: Secret[str]) -> str:
    return secret.get_secret_value()


# A secret that the answer is there to hand over.
Handed: TypeAlias = Annotated[Secret[str], PlainSerializer(_open, return_type=str)]

AccessToken: TypeAlias = Annotated[
    Handed,
    Field(
        description="A JWT for `Authorization: Bearer`.", examples=["eyJhbGciOiJFZERTQSJ9.e30.c2ln"]
    ),
]
RefreshToken: TypeAlias = Annotated[
    Handed,
    Field(
        description="Serves once; its use gives the next.",
        examples=["8Jm0cW3xq5p1TzKkV2sYbA7eRnLhDfUo"],
    ),
]
