"""The parents' side of the catalogue: profiles, rules, devices and what was watched."""

from api.access import PARENTS
from api.catalogue.profile_schemas import (
    DeviceOut,
    KidProfileOut,
    PairCodeOut,
    SaveProfile,
    ServicesOut,
    SetServices,
)
from api.catalogue.schemas import (
    ActivityOut,
    ActivityQuery,
    FamilyTitleOut,
    PoliciesQuery,
    PolicyOut,
    RulesOut,
    SearchTitlesQuery,
    SetPolicy,
    SetRules,
    TitleRequestOut,
)
from api.errors import Code
from api.routing import Endpoints
from api.wire import Page, PageQuery

endpoint = Endpoints("Catalogue")

endpoint.planned(
    "GET",
    "/api/profiles",
    "The profiles of one's own children.",
    roles=PARENTS,
    query=PageQuery,
    returns=Page[KidProfileOut],
)
endpoint.planned(
    "POST",
    "/api/profiles",
    "Make a profile for a child.",
    roles=PARENTS,
    body=SaveProfile,
    returns=KidProfileOut,
    status=201,
)
endpoint.planned(
    "PUT",
    "/api/profiles/{id}",
    "Change a child's profile.",
    roles=PARENTS,
    body=SaveProfile,
    returns=KidProfileOut,
)
endpoint.planned(
    "DELETE",
    "/api/profiles/{id}",
    "Forget what the television knows of a child.",
    roles=PARENTS,
    returns=None,
    status=204,
)
endpoint.planned(
    "GET",
    "/api/services",
    "The streaming services that the family has.",
    roles=PARENTS,
    returns=ServicesOut,
)
endpoint.planned(
    "POST",
    "/api/services",
    "Say which streaming services the family has.",
    roles=PARENTS,
    body=SetServices,
    returns=ServicesOut,
)
endpoint.planned(
    "GET",
    "/api/catalog/search",
    "Search titles, among the family's services.",
    roles=PARENTS,
    query=SearchTitlesQuery,
    returns=Page[FamilyTitleOut],
    refuses=(Code.NOT_CONFIGURED, Code.UNAVAILABLE),
)
endpoint.planned(
    "GET",
    "/api/catalog/titles/{id}",
    "One title in full.",
    roles=PARENTS,
    returns=FamilyTitleOut,
    refuses=(Code.NOT_CONFIGURED, Code.UNAVAILABLE),
)
endpoint.planned(
    "POST",
    "/api/catalog/policies",
    "Allow or deny a title or a season.",
    roles=PARENTS,
    body=SetPolicy,
    returns=Page[PolicyOut],
)
endpoint.planned(
    "GET",
    "/api/catalog/policies",
    "What was allowed and denied.",
    roles=PARENTS,
    query=PoliciesQuery,
    returns=Page[PolicyOut],
)
endpoint.planned(
    "POST",
    "/api/catalog/rules",
    "Set a child's standing rules.",
    roles=PARENTS,
    body=SetRules,
    returns=RulesOut,
)
endpoint.planned(
    "POST",
    "/api/devices/pair-code",
    "Get a code that pairs one television.",
    roles=PARENTS,
    returns=PairCodeOut,
)
endpoint.planned(
    "GET",
    "/api/devices",
    "The family's televisions.",
    roles=PARENTS,
    query=PageQuery,
    returns=Page[DeviceOut],
)
endpoint.planned(
    "DELETE",
    "/api/devices/{id}",
    "Remove a television; its token ends at once.",
    roles=PARENTS,
    returns=None,
    status=204,
)
endpoint.planned(
    "GET",
    "/api/requests",
    "What the children asked to watch.",
    roles=PARENTS,
    query=PageQuery,
    returns=Page[TitleRequestOut],
)
endpoint.planned(
    "POST",
    "/api/requests/{id}/approve",
    "Let a child watch what they asked for.",
    roles=PARENTS,
    returns=TitleRequestOut,
    refuses=(Code.CONFLICT,),
)
endpoint.planned(
    "POST",
    "/api/requests/{id}/deny",
    "Say no to what a child asked for.",
    roles=PARENTS,
    returns=TitleRequestOut,
    refuses=(Code.CONFLICT,),
)
endpoint.planned(
    "GET",
    "/api/activity",
    "What was launched, when, and for how long.",
    roles=PARENTS,
    query=ActivityQuery,
    returns=Page[ActivityOut],
)
