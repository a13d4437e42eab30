"""The wire of administration: accounts, the audit log and the overview."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from api.access import Role
from api.accounts.credentials import Handed
from api.accounts.schemas import AccountStatus, UserId
from api.wire import SERVER_MADE, PageQuery, Timestamp, Wire, id_field
from store.audit import Wanted
from store.audit_entry import Entry


class AccountsQuery(PageQuery):
    """Which accounts; what is given narrows together."""

    role: Annotated[Role | None, Field(examples=["PARENT"])] = None
    status: Annotated[AccountStatus | None, Field(examples=["PENDING"])] = None
    q: Annotated[
        str | None,
        Field(
            max_length=100,
            description="Part of a name, a username or an e-mail address.",
            examples=["mara"],
        ),
    ] = None
    created_after: Timestamp | None = None
    created_before: Timestamp | None = None


class SuspendAccount(Wire):
    """Why somebody is suspended; the audit log keeps it."""

    reason: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None,
        Field(examples=["Asked for by Jonas until the school year is over."]),
    ] = None


class ResetLinkOut(Wire):
    """A link with which somebody sets a new password: good for an hour, and once."""

    link: Annotated[
        Handed,
        Field(
            json_schema_extra={"format": "uri"},
            examples=["https://hearth.example/app/reset#8Jm0cW3xq5p1TzKkV2sYbA7eRnLhDfUo"],
        ),
    ]


class AuditEntryOut(Wire):
    """Something that was done, as the audit log keeps it for good."""

    id: Annotated[str, SERVER_MADE, id_field("a")]
    actor_id: Annotated[
        UserId | None,
        SERVER_MADE,
        Field(description="Null: the server did it by itself, or somebody without an account."),
    ]
    action: Annotated[str, SERVER_MADE, Field(examples=["account.suspend"])]
    entity_type: Annotated[str, SERVER_MADE, Field(examples=["user"])]
    entity_id: Annotated[str | None, SERVER_MADE, Field(examples=["u_01jn8xv3k0e5qr7s9tbcdfghj2"])]
    before: Annotated[
        dict[str, Any] | None,
        SERVER_MADE,
        Field(
            description="Null: there was nothing, or the person it told of has been erased.",
            examples=[{"status": "ACTIVE"}],
        ),
    ]
    after: Annotated[dict[str, Any] | None, SERVER_MADE, Field(examples=[{"status": "SUSPENDED"}])]
    ip: Annotated[str | None, SERVER_MADE, Field(examples=["192.0.2.17"])]
    created_at: Annotated[Timestamp, SERVER_MADE]
    number: Annotated[
        int,
        SERVER_MADE,
        Field(description="Rises by one with each entry: a missing one shows.", examples=[1284]),
    ]
    hash: Annotated[
        str,
        SERVER_MADE,
        Field(
            description="The HMAC over this entry and the one before, in hexadecimal.",
            examples=["4f1c0a97d25be8833b6094ed7c5a12f08e6db7439c21fa5d60b8e7341f92ac0d"],
        ),
    ]

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls(
            id=entry.id,
            actor_id=entry.actor_id,
            action=entry.action,
            entity_type=entry.entity_type,
            entity_id=entry.entity_id,
            before=entry.before,
            after=entry.after,
            ip=entry.ip,
            created_at=entry.created_at,
            number=entry.number,
            hash=entry.hash.hex(),
        )


class LogsQuery(PageQuery):
    """Which entries; what is given narrows together."""

    positions = PageQuery.positions | {"format"}

    actor_id: UserId | None = None
    action: Annotated[str | None, Field(max_length=64, examples=["account.suspend"])] = None
    entity_type: Annotated[str | None, Field(max_length=64, examples=["user"])] = None
    entity_id: Annotated[
        str | None, Field(max_length=64, examples=["u_01jn8xv3k0e5qr7s9tbcdfghj2"])
    ] = None
    from_: Annotated[Timestamp | None, Field(alias="from")] = None
    to: Annotated[
        Timestamp | None,
        Field(description="Up to here, and not beyond.", examples=["2026-04-01T00:00:00.000Z"]),
    ] = None
    format: Annotated[
        Literal["json", "csv"] | None,
        Field(
            description="`csv`: all of them as a table, with `before_json` and `after_json`;"
            " `Accept: text/csv` asks for the same.",
            examples=["json"],
        ),
    ] = None

    def wanted(self) -> Wanted:
        return Wanted(
            actor_id=self.actor_id,
            action=self.action,
            entity_type=self.entity_type,
            entity_id=self.entity_id,
            since=self.from_,
            until=self.to,
        )


class PeopleCount(Wire):
    """How many accounts there are."""

    active: Annotated[int, Field(examples=[6])]
    pending: Annotated[int, Field(description="They wait for approval.", examples=[1])]
    suspended: Annotated[int, Field(examples=[0])]
    online: Annotated[int, Field(examples=[3])]


class CallCount(Wire):
    """The calls that run now."""

    running: Annotated[int, Field(examples=[1])]
    participants: Annotated[int, Field(examples=[4])]


class StreamCount(Wire):
    """The streams that are live now."""

    live: Annotated[int, Field(examples=[1])]
    viewers: Annotated[int, Field(examples=[5])]


class StorageUse(Wire):
    """What is stored."""

    files: Annotated[int, Field(examples=[812])]
    bytes: Annotated[int, Field(examples=[2_415_919_104])]
    free_bytes: Annotated[
        int | None, Field(description="Null: a bucket does not tell.", examples=[53_687_091_200])
    ]


class JobCount(Wire):
    """The work that is done behind the scenes."""

    queued: Annotated[int, Field(examples=[2])]
    running: Annotated[int, Field(examples=[0])]
    failed: Annotated[int, Field(description="In the last seven days.", examples=[0])]


class VersionsOut(Wire):
    """What runs here."""

    hearth: Annotated[str, Field(examples=["0.1.0"])]
    python: Annotated[str, Field(examples=["3.12.4"])]
    postgresql: Annotated[str, Field(examples=["18.6"])]
    migration: Annotated[str, Field(description="Of the database.", examples=["0007"])]
    api_versions: Annotated[list[str], Field(examples=[["v1"]])]


class PartHealth(Wire):
    """How one part of the server is."""

    name: Annotated[str, Field(examples=["database"])]
    ok: Annotated[bool, Field(examples=[True])]
    message: Annotated[
        str | None, Field(description="What is wrong and what to do about it.", examples=[None])
    ]


class OverviewOut(Wire):
    """How the server is, on one page."""

    people: PeopleCount
    calls: CallCount
    streams: StreamCount
    storage: StorageUse
    jobs: JobCount
    versions: VersionsOut
    health: list[PartHealth]
