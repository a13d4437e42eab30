"""Billing over HTTP."""

from api.access import ADMINS
from api.billing.schemas import (
    ChangePayment,
    ChangePlan,
    ChangeSubscription,
    NewPayment,
    NewPlan,
    NewSubscription,
    PaymentOut,
    PlanOut,
    SubscriptionOut,
)
from api.errors import Code
from api.routing import Endpoints
from api.wire import Page, PageQuery

endpoint = Endpoints("Billing")

_FLAG = "billing"

endpoint.planned(
    "GET",
    "/admin/billing/plans",
    "All plans.",
    roles=ADMINS,
    query=PageQuery,
    returns=Page[PlanOut],
    flag=_FLAG,
)
endpoint.planned(
    "POST",
    "/admin/billing/plans",
    "Offer a plan.",
    roles=ADMINS,
    body=NewPlan,
    returns=PlanOut,
    status=201,
    flag=_FLAG,
)
endpoint.planned(
    "GET",
    "/admin/billing/plans/{id}",
    "One plan.",
    roles=ADMINS,
    returns=PlanOut,
    flag=_FLAG,
)
endpoint.planned(
    "PATCH",
    "/admin/billing/plans/{id}",
    "Change a plan; who has it already keeps it.",
    roles=ADMINS,
    body=ChangePlan,
    returns=PlanOut,
    flag=_FLAG,
)
endpoint.planned(
    "DELETE",
    "/admin/billing/plans/{id}",
    "Withdraw a plan; one that is in use is deactivated instead.",
    roles=ADMINS,
    returns=None,
    status=204,
    flag=_FLAG,
)

endpoint.planned(
    "GET",
    "/admin/billing/subscriptions",
    "All subscriptions.",
    roles=ADMINS,
    query=PageQuery,
    returns=Page[SubscriptionOut],
    flag=_FLAG,
)
endpoint.planned(
    "POST",
    "/admin/billing/subscriptions",
    "Subscribe a parent to a plan.",
    roles=ADMINS,
    body=NewSubscription,
    returns=SubscriptionOut,
    status=201,
    refuses=(Code.CONFLICT,),
    flag=_FLAG,
)
endpoint.planned(
    "GET",
    "/admin/billing/subscriptions/{id}",
    "One subscription.",
    roles=ADMINS,
    returns=SubscriptionOut,
    flag=_FLAG,
)
endpoint.planned(
    "PATCH",
    "/admin/billing/subscriptions/{id}",
    "Move a subscription to another plan or status.",
    roles=ADMINS,
    body=ChangeSubscription,
    returns=SubscriptionOut,
    refuses=(Code.CONFLICT,),
    flag=_FLAG,
)
endpoint.planned(
    "DELETE",
    "/admin/billing/subscriptions/{id}",
    "Delete a subscription that nothing was paid for.",
    roles=ADMINS,
    returns=None,
    status=204,
    refuses=(Code.CONFLICT,),
    flag=_FLAG,
)

endpoint.planned(
    "GET",
    "/admin/billing/payments",
    "All payments.",
    roles=ADMINS,
    query=PageQuery,
    returns=Page[PaymentOut],
    flag=_FLAG,
)
endpoint.planned(
    "POST",
    "/admin/billing/payments",
    "Record a payment; one that was told before is answered as it stands (200).",
    roles=ADMINS,
    body=NewPayment,
    returns=PaymentOut,
    status=201,
    refuses=(Code.CONFLICT,),
    flag=_FLAG,
)
endpoint.planned(
    "GET",
    "/admin/billing/payments/{id}",
    "One payment.",
    roles=ADMINS,
    returns=PaymentOut,
    flag=_FLAG,
)
endpoint.planned(
    "PATCH",
    "/admin/billing/payments/{id}",
    "Move a payment to another status.",
    roles=ADMINS,
    body=ChangePayment,
    returns=PaymentOut,
    refuses=(Code.CONFLICT,),
    flag=_FLAG,
)
endpoint.planned(
    "DELETE",
    "/admin/billing/payments/{id}",
    "Delete a payment that never came about.",
    roles=ADMINS,
    returns=None,
    status=204,
    refuses=(Code.CONFLICT,),
    flag=_FLAG,
)
