"""Signing in with Google or Apple over HTTP."""

from dataclasses import replace

from aiohttp import web
from pydantic import Secret

from api.accounts.device import device_of
from api.accounts.login.answers import log_in_answer, log_in_cookies
from api.accounts.login.schemas import LoginOut
from api.accounts.oauth.keys import PROVIDER_SIGN_IN, PROVIDERS
from api.accounts.oauth.provider import Provider
from api.accounts.oauth.schemas import LogInWithProvider, ProviderAnswer
from api.accounts.oauth.service import CodeProof, Return, Vouched
from api.accounts.refusals import LOGIN_REFUSALS
from api.errors import Code, Refusal
from api.idempotency import begin
from api.keys import METRICS, NETWORK, TROUBLE
from api.routing import OPEN, Answer, Cookie, Endpoints
from store import oauth_flows, oauth_tickets
from store.outage import Outage

endpoint = Endpoints("Sign-in with a provider")

_BACK_TO_THE_CLIENT = "text/html"
_COOKIE = "hearth_oauth"
_PATH = "/auth/oauth"
_SIGNED_IN = "/app/"
_NOT_SIGNED_IN = "/app/sign-in"


@endpoint.post(
    "/auth/oauth/{provider}",
    roles=OPEN,
    body=LogInWithProvider,
    returns=LoginOut,
    limit="auth",
    refuses=(*LOGIN_REFUSALS, Code.FORBIDDEN, Code.NOT_CONFIGURED),
)
async def log_in_with_provider(request: web.Request, body: LogInWithProvider) -> Answer:
    """Sign in with what Google or Apple gave to the client.

    Send one of three: `id_token`; `code`, with the `redirect_uri` and the `code_verifier` that it
    was asked for with; or `ticket`, which the browser's way leaves behind the `#` of
    `/app/sign-in#totp=<ticket>` when a second factor is due. A ticket is good for five minutes and
    one sign-in, in the browser that got it, at the provider that it came from.

    The address that the provider has verified opens the account of the active parent who goes by
    it, and both stay linked from then on. An address that is new here becomes a parent's account,
    which an admin has to approve. Admins and children sign in with their passwords.

    After `TOTP_REQUIRED` or a mistyped `totp` send the same again with the right one; a code may
    be sent again like that for five minutes.
    """
    provider = _provider(request)
    vouched = await _vouched(request, provider, body)
    async with begin(request) as tx:
        signed_in = await request.app[PROVIDER_SIGN_IN].open(tx, vouched, device_of(request))
    answer = log_in_answer(request, signed_in, in_body=body.refresh_in_body)
    if body.ticket is None:
        return answer
    return replace(answer, cookies=[*answer.cookies, Cookie.gone(_COOKIE, _PATH)])


@endpoint.get(
    "/auth/oauth/{provider}/start",
    roles=OPEN,
    returns=None,
    status=302,
    limit="auth",
    refuses=(Code.NOT_CONFIGURED,),
    produces=_BACK_TO_THE_CLIENT,
)
async def start(request: web.Request) -> Answer:
    """Begin to sign in with a browser: it is sent to the provider.

    It has ten minutes to come back, and is known by a cookie.
    """
    url, token = await request.app[PROVIDER_SIGN_IN].begin(_provider(request))
    cookie = _cookie(request, token, oauth_flows.LIFE.total_seconds())
    return Answer(None, {"Location": url}, status=302, cookies=[cookie])


@endpoint.get(
    "/auth/oauth/{provider}/callback",
    roles=OPEN,
    query=ProviderAnswer,
    returns=None,
    status=303,
    limit="auth",
    refuses=(Code.NOT_CONFIGURED,),
    produces=_BACK_TO_THE_CLIENT,
)
async def come_back_by_query(request: web.Request, query: ProviderAnswer) -> Answer:
    """Where Google sends the browser back to; it goes on to the web client.

    To `/app/` when somebody is signed in, to `/app/sign-in#totp=<ticket>` when their second factor
    is due, and else to `/app/sign-in#error=<code>`, with a code of the error shape.
    """
    return await _come_back(request, query)


@endpoint.post(
    "/auth/oauth/{provider}/callback",
    roles=OPEN,
    body=ProviderAnswer,
    returns=None,
    status=303,
    limit="auth",
    refuses=(Code.NOT_CONFIGURED,),
    consumes="application/x-www-form-urlencoded",
    produces=_BACK_TO_THE_CLIENT,
)
async def come_back_by_form(request: web.Request, body: ProviderAnswer) -> Answer:
    """Where Apple sends the browser back to; it goes on to the web client as it does for Google."""
    return await _come_back(request, body)


async def _vouched(request: web.Request, provider: Provider, body: LogInWithProvider) -> Vouched:
    sign_in = request.app[PROVIDER_SIGN_IN]
    nonce = None if body.nonce is None else Secret(body.nonce)
    if body.ticket is not None:
        return await sign_in.by_ticket(provider, body.ticket, _browser(request), body.totp)
    if body.code is not None:
        proof = CodeProof(body.code, body.redirect_uri, body.code_verifier, nonce)
        return await sign_in.by_code(provider, proof, body.totp)
    assert body.id_token is not None
    return await sign_in.by_token(provider, body.id_token, nonce, body.totp)


async def _come_back(request: web.Request, answer: ProviderAnswer) -> Answer:
    provider, browser = _provider(request), _browser(request)
    returned = Return(browser, answer.state, answer.code, answer.error, answer.name)
    try:
        came = await request.app[PROVIDER_SIGN_IN].come_back(provider, returned)
        if isinstance(came, Vouched):
            return await _let_in(request, came)
    except (Refusal, Outage) as error:
        return _turn_away(request, error)
    assert browser is not None
    cookie = _cookie(request, browser, oauth_tickets.LIFE.total_seconds())
    return _go_on(f"{_NOT_SIGNED_IN}#totp={came.get_secret_value()}", [cookie])


async def _let_in(request: web.Request, vouched: Vouched) -> Answer:
    async with begin(request) as tx:
        signed_in = await request.app[PROVIDER_SIGN_IN].open(tx, vouched, device_of(request))
    return _go_on(_SIGNED_IN, [*log_in_cookies(signed_in), Cookie.gone(_COOKIE, _PATH)])


def _turn_away(request: web.Request, error: Exception) -> Answer:
    """A browser shows what it gets: its page can say more than an error in JSON."""
    refusal = request.app[TROUBLE].refusal(error, path=request.path)
    request.app[METRICS].refusals.labels(str(refusal.code)).inc()
    return _go_on(f"{_NOT_SIGNED_IN}#error={refusal.code}", [Cookie.gone(_COOKIE, _PATH)])


def _go_on(place: str, cookies: list[Cookie]) -> Answer:
    return Answer(None, {"Location": place}, status=303, cookies=cookies)


def _provider(request: web.Request) -> Provider:
    return request.app[PROVIDERS].named(request.match_info["provider"])


def _browser(request: web.Request) -> Secret[str] | None:
    token = request.cookies.get(_COOKIE)
    return Secret(token) if token else None


def _cookie(request: web.Request, token: Secret[str], seconds: float) -> Cookie:
    # Apple comes back by a form of its own page: only a cookie that goes with everything goes with
    # that, and browsers take such a one over HTTPS only.
    is_secure = request.app[NETWORK].scheme(request) == "https"
    return Cookie(_COOKIE, token, _PATH, int(seconds), same_site="None" if is_secure else "Lax")
