"""The second factor over HTTP."""

from aiohttp import web

from api.access import MEMBERS
from api.accounts.keys import FRONT_DOOR, SECOND_FACTORS
from api.accounts.totp.schemas import ConfirmTotp, RecoveryCodesOut, RemoveTotp, TotpSecretOut
from api.errors import Code
from api.idempotency import begin
from api.keys import VIEWER
from api.routing import Endpoints

endpoint = Endpoints("Second factor")


@endpoint.post(
    "/auth/totp/enrol",
    roles=MEMBERS,
    returns=TotpSecretOut,
    limit="auth",
    refuses=(Code.CONFLICT,),
    while_enrolling=True,
)
async def enrol(request: web.Request) -> TotpSecretOut:
    """Get a secret for an authenticator.

    Nothing is asked for until a code of it has been confirmed. Asked again before that, this gives
    another secret, and the one before counts no more. Whoever has a second factor turns it off
    first.
    """
    user_id = _own_id(request)
    async with begin(request) as tx:
        enrolment = await request.app[SECOND_FACTORS].enrol(tx, user_id)
    return TotpSecretOut(secret=enrolment.secret, otpauth_url=enrolment.otpauth_url)


@endpoint.post(
    "/auth/totp/confirm",
    roles=MEMBERS,
    body=ConfirmTotp,
    returns=RecoveryCodesOut,
    limit="auth",
    refuses=(Code.INVALID_CREDENTIALS, Code.LOCKED, Code.CONFLICT),
    while_enrolling=True,
)
async def confirm(request: web.Request, body: ConfirmTotp) -> RecoveryCodesOut:
    """Turn the second factor on, with a first code.

    From now on every sign-in asks for a code; sessions that are open stay so. The recovery codes
    are shown this once: whoever loses the answer turns the factor off and begins anew.
    """
    user_id = _own_id(request)
    async with request.app[FRONT_DOOR].guessing(user_id), begin(request) as tx:
        codes = await request.app[SECOND_FACTORS].confirm(tx, user_id, body.code)
    return RecoveryCodesOut(recovery_codes=codes)


@endpoint.delete(
    "/auth/totp",
    roles=MEMBERS,
    body=RemoveTotp,
    returns=None,
    status=204,
    limit="auth",
    refuses=(Code.INVALID_CREDENTIALS, Code.LOCKED, Code.CONFLICT),
    while_enrolling=True,
)
async def remove(request: web.Request, body: RemoveTotp) -> None:
    """Turn the second factor off.

    It takes the password and a code, or a recovery code. While the house wants a second factor of
    its admins, an admin keeps theirs: that is a conflict.
    """
    user_id = _own_id(request)
    door = request.app[FRONT_DOOR]
    async with door.guessing(user_id):
        password_hash = await door.check_password(user_id, body.password)
        async with begin(request) as tx:
            await request.app[SECOND_FACTORS].remove(
                tx, user_id, body.code, password_hash=password_hash
            )


def _own_id(request: web.Request) -> str:
    user_id = request[VIEWER].user_id
    assert user_id is not None
    return user_id
