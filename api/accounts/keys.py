"""Where the parts of signing in are found; filled in `api/app.py`."""

from aiohttp import web

from api.accounts.hashing import Hashing
from api.accounts.login.service import FrontDoor
from api.accounts.personal_data.belongings import Belongings
from api.accounts.tokens import AccessTokens
from api.accounts.totp.service import SecondFactors

ACCESS_TOKENS = web.AppKey("access_tokens", AccessTokens)
BELONGINGS = web.AppKey("belongings", Belongings)
HASHING = web.AppKey("hashing", Hashing)
FRONT_DOOR = web.AppKey("front_door", FrontDoor)
SECOND_FACTORS = web.AppKey("second_factors", SecondFactors)
