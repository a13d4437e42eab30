"""Where signing in with a provider finds its parts; filled in `api/app.py`."""

from aiohttp import web

from api.accounts.oauth.providers import Providers
from api.accounts.oauth.service import ProviderSignIn

PROVIDERS = web.AppKey("providers", Providers)
PROVIDER_SIGN_IN = web.AppKey("provider_sign_in", ProviderSignIn)
