"""Signing in with Google or Apple over HTTP."""

from api.accounts.login.schemas import LoginOut
from api.accounts.oauth.schemas import LogInWithProvider, ProviderAnswer
from api.accounts.refusals import LOGIN_REFUSALS
from api.errors import Code
from api.routing import OPEN, Endpoints

endpoint = Endpoints("Sign-in with a provider")

_BACK_TO_THE_CLIENT = "text/html"

endpoint.planned(
    "POST",
    "/auth/oauth/{provider}",
    "Sign in with what Google or Apple gave to the client.",
    roles=OPEN,
    body=LogInWithProvider,
    returns=LoginOut,
    limit="auth",
    refuses=(*LOGIN_REFUSALS, Code.FORBIDDEN, Code.NOT_CONFIGURED),
)
endpoint.planned(
    "GET",
    "/auth/oauth/{provider}/start",
    "Begin to sign in with a browser: it is sent to the provider.",
    roles=OPEN,
    returns=None,
    status=302,
    limit="auth",
    refuses=(Code.NOT_CONFIGURED,),
    produces=_BACK_TO_THE_CLIENT,
)
endpoint.planned(
    "GET",
    "/auth/oauth/{provider}/callback",
    "Where Google sends the browser back to; it goes on to the web client.",
    roles=OPEN,
    query=ProviderAnswer,
    returns=None,
    status=303,
    limit="auth",
    refuses=(Code.NOT_CONFIGURED,),
    produces=_BACK_TO_THE_CLIENT,
)
endpoint.planned(
    "POST",
    "/auth/oauth/{provider}/callback",
    "Where Apple sends the browser back to; it goes on to the web client.",
    roles=OPEN,
    body=ProviderAnswer,
    returns=None,
    status=303,
    limit="auth",
    refuses=(Code.NOT_CONFIGURED,),
    consumes="application/x-www-form-urlencoded",
    produces=_BACK_TO_THE_CLIENT,
)
