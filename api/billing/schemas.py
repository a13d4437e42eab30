"""The wire of billing: plans, who has them, and what was paid."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.accounts.schemas import UserId
from api.wire import SERVER_MADE, Timestamp, Wire, id_field

PlanId = Annotated[str, id_field("pl")]
SubscriptionId = Annotated[str, id_field("sub")]
PaymentId = Annotated[str, id_field("pay")]
Interval = Literal["month", "year"]

# What a column of whole numbers holds.
_MOST_CENTS = 2_147_483_647
Cents = Annotated[int, Field(ge=0, le=_MOST_CENTS, description="In whole cents.", examples=[499])]
PlanName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
    Field(examples=["Family"]),
]
Provider = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", examples=["bank-transfer"])]
ExternalId = Annotated[
    str,
    Field(
        pattern=r"^[!-~]{1,255}$",
        description="The provider's own id; with the provider it names one payment.",
        examples=["2026-03-0017"],
    ),
]


class SubscriptionStatus(StrEnum):
    """Where a subscription stands."""

    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"


class PaymentStatus(StrEnum):
    """Where a payment stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"


class PlanOut(Wire):
    """Something that a family can subscribe to."""

    id: Annotated[PlanId, SERVER_MADE]
    name: Annotated[str, Field(examples=["Family"])]
    price_cents: Annotated[int, Field(examples=[499])]
    interval: Annotated[Interval, Field(examples=["month"])]
    active: Annotated[bool, Field(description="Whether it can be subscribed to.", examples=[True])]
    created_at: Annotated[Timestamp, SERVER_MADE]


class NewPlan(Wire):
    """A plan to offer."""

    name: PlanName
    price_cents: Cents
    interval: Annotated[Interval, Field(examples=["month"])]
    active: Annotated[bool, Field(examples=[True])] = True


class ChangePlan(Wire):
    """What to change of a plan; what is left out or null stays."""

    name: Annotated[PlanName | None, Field(examples=["Family"])] = None
    price_cents: Annotated[Cents | None, Field(examples=[599])] = None
    interval: Annotated[Interval | None, Field(examples=["month"])] = None
    active: Annotated[bool | None, Field(examples=[False])] = None


class SubscriptionOut(Wire):
    """A family's subscription to a plan."""

    id: Annotated[SubscriptionId, SERVER_MADE]
    parent_id: UserId
    plan_id: PlanId
    status: Annotated[SubscriptionStatus, Field(examples=["active"])]
    started_at: Annotated[Timestamp, SERVER_MADE]
    canceled_at: Annotated[Timestamp | None, SERVER_MADE, Field(examples=[None])]


class NewSubscription(Wire):
    """Who subscribes to what."""

    parent_id: UserId
    plan_id: PlanId
    status: Annotated[SubscriptionStatus, Field(examples=["trialing"])] = (
        SubscriptionStatus.TRIALING
    )


class ChangeSubscription(Wire):
    """What to change of a subscription; what is left out or null stays."""

    parent_id: Annotated[
        UserId | None, Field(description="The same as it is: a subscription keeps its parent.")
    ] = None
    plan_id: PlanId | None = None
    status: Annotated[SubscriptionStatus | None, Field(examples=["canceled"])] = None


class PaymentOut(Wire):
    """A payment, as far as its provider has told of it."""

    id: Annotated[PaymentId, SERVER_MADE]
    subscription_id: SubscriptionId
    provider: Annotated[str, Field(examples=["bank-transfer"])]
    external_id: Annotated[str, Field(examples=["2026-03-0017"])]
    amount_cents: Annotated[int, Field(examples=[499])]
    status: Annotated[PaymentStatus, Field(examples=["succeeded"])]
    created_at: Annotated[Timestamp, SERVER_MADE]


class NewPayment(Wire):
    """A payment to record; told twice, it is recorded once."""

    subscription_id: SubscriptionId
    provider: Provider
    external_id: ExternalId
    amount_cents: Cents
    status: Annotated[PaymentStatus, Field(examples=["pending"])] = PaymentStatus.PENDING


class ChangePayment(Wire):
    """The status that a payment has come to; all else must stay as it was recorded."""

    subscription_id: SubscriptionId | None = None
    provider: Provider | None = None
    external_id: ExternalId | None = None
    amount_cents: Cents | None = None
    status: Annotated[PaymentStatus | None, Field(examples=["succeeded"])] = None
