"""The page that the set-up link opens, and the one by which a phone comes to trust this server."""

from pathlib import Path

from aiohttp import web

from api.accounts.device import device_of
from api.accounts.keys import FRONT_DOOR, HASHING
from api.accounts.login.answers import log_in_answer
from api.accounts.login.schemas import LoginOut
from api.accounts.login.service import Form, Recognised
from api.accounts.passwords.rules import MIN_LENGTH, check_password
from api.errors import Code, NotFound
from api.idempotency import begin
from api.keys import DB, SETTINGS
from api.pages import Page
from api.routing import OPEN, Answer, Endpoints
from api.setup import service
from api.setup.schemas import FirstAdmin

endpoint = Endpoints("Set-up")

# The certificate, in DER, of the authority that signed this server's; where it has one of its own.
AUTHORITY = web.AppKey("authority", bytes)

_PAGE = Page.read(Path(__file__).parent / "page")


@endpoint.get("/", returns=None, roles=OPEN, status=303, produces="text/html")
async def home(request: web.Request) -> web.Response:
    """The way from the bare address to a page for people."""
    return web.Response(status=303, headers={"Location": "/app/setup"})


@endpoint.get("/app/setup", returns=None, roles=OPEN, produces="text/html")
async def page(request: web.Request) -> web.Response:
    """The set-up page.

    The link's token stands behind the `#`, which browsers keep to themselves.
    """
    return _PAGE.answer(request, "setup.html")


@endpoint.get("/app/setup/{file}", returns=None, roles=OPEN, produces="*/*")
async def page_file(request: web.Request) -> web.Response:
    """The set-up page's style and script."""
    return _PAGE.answer(request, request.match_info["file"])


@endpoint.post(
    "/auth/setup",
    roles=OPEN,
    body=FirstAdmin,
    returns=LoginOut,
    status=201,
    limit="auth",
    refuses=(Code.INVALID_CREDENTIALS, Code.EMAIL_TAKEN),
)
async def make_first_admin(request: web.Request, body: FirstAdmin) -> Answer:
    """Become this server's first admin, by the link that its start prints; signed in at once.

    Until then the link's token also serves as a Bearer token for the settings.
    """
    # Asked again when the admin is made; but a stranger's guess is worth no hash.
    async with request.app[DB].read() as db:
        await service.check_link(db, body.token)
    check_password(body.password, body.email, min_length=request.app[SETTINGS][MIN_LENGTH])
    hashed = await request.app[HASHING].hash(body.password)
    async with begin(request) as tx:
        admin = await service.make_first_admin(
            tx, body.token, email=body.email, password_hash=hashed, name=body.display_name
        )
        signed_in = await request.app[FRONT_DOOR].open(
            tx, Recognised(admin), device_of(request), Form.PAIR
        )
    return log_in_answer(request, signed_in, in_body=body.refresh_in_body, status=201)


@endpoint.get("/app/trust", returns=None, roles=OPEN, produces="text/html")
async def trust(request: web.Request) -> web.Response:
    """How a phone comes to trust a server that made its certificate by itself."""
    _authority(request)
    return _PAGE.answer(request, "trust.html")


@endpoint.get(
    "/app/trust/hearth-authority.crt",
    returns=None,
    roles=OPEN,
    produces="application/x-x509-ca-cert",
)
async def authority(request: web.Request) -> web.Response:
    """The certificate of this server's own authority, for phones to keep."""
    return web.Response(body=_authority(request), content_type="application/x-x509-ca-cert")


def _authority(request: web.Request) -> bytes:
    certificate = request.app.get(AUTHORITY)
    if certificate is None:
        raise NotFound
    return certificate
