"""Push subscriptions over HTTP."""

from api.access import MEMBERS
from api.push.schemas import NewPushSubscription, PushKeyOut, PushSubscriptionOut
from api.routing import Endpoints

endpoint = Endpoints("Push")

endpoint.planned(
    "GET",
    "/push/key",
    "The key that a browser subscribes with.",
    roles=MEMBERS,
    returns=PushKeyOut,
)
endpoint.planned(
    "POST",
    "/push/subscriptions",
    "Be told by push on this device.",
    roles=MEMBERS,
    body=NewPushSubscription,
    returns=PushSubscriptionOut,
    status=201,
)
endpoint.planned(
    "DELETE",
    "/push/subscriptions/{id}",
    "Be told no more.",
    roles=MEMBERS,
    returns=None,
    status=204,
)
