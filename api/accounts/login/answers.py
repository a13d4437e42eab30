"""What a client gets that has signed in, whichever way it came."""

from aiohttp import web
from pydantic import Secret

from api.access import Role, Viewer
from api.accounts import cookies
from api.accounts.login.schemas import LoginOut
from api.accounts.login.service import SignedIn
from api.accounts.schemas import FullUserOut
from api.keys import AUTHENTICATOR
from api.routing import Answer, Cookie


def log_in_answer(
    request: web.Request, signed_in: SignedIn, *, in_body: bool, status: int = 200
) -> Answer:
    body = LoginOut(
        user=user_of(signed_in),
        access=signed_in.access,
        expires_in=signed_in.seconds,
        refresh=signed_in.refresh if in_body else None,
        csrf_token=csrf_of(request, signed_in),
    )
    return Answer(body, status=status, cookies=log_in_cookies(signed_in, in_body=in_body))


def log_in_cookies(signed_in: SignedIn, *, in_body: bool = False) -> list[Cookie]:
    seconds = signed_in.session_seconds
    kept = [cookies.media(signed_in.media, seconds)]
    if signed_in.refresh is not None and not in_body:
        kept.append(cookies.refresh(signed_in.refresh, seconds))
    return kept


def user_of(signed_in: SignedIn) -> FullUserOut:
    return FullUserOut.of(signed_in.user, signed_in.families)


def csrf_of(request: web.Request, signed_in: SignedIn) -> Secret[str]:
    viewer = Viewer(Role(signed_in.user.role), signed_in.session_id, signed_in.user.id)
    return Secret(request.app[AUTHENTICATOR].csrf_token(viewer))
