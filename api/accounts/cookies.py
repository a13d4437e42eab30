"""The cookies of a sign-in: what each is called, where browsers send it, and how long they keep it.

All are out of the reach of scripts. None reaches beyond what it is for: the refresh token goes to
the routes that renew and end a session, the media token to `/media`, and only the cookie of the
older browser sign-in goes everywhere.
"""

from pydantic import Secret

from api.routing import Cookie

REFRESH = "hearth_refresh"
MEDIA = "hearth_media"
SESSION = "hearth_session"

# The longest path that holds both `/auth/refresh` and `/auth/logout`.
_AUTH_PATH = "/auth"
LOGOUT_PATH = "/auth/logout"
MEDIA_PATH = "/media"


def refresh(token: Secret[str], seconds: int) -> Cookie:
    return Cookie(REFRESH, token, _AUTH_PATH, seconds)


def media(token: Secret[str], seconds: int) -> Cookie:
    return Cookie(MEDIA, token, MEDIA_PATH, seconds)


def session(token: Secret[str], seconds: int) -> Cookie:
    # Lax: a link to this house in a mail opens it signed in. What changes something wants the
    # CSRF token besides.
    return Cookie(SESSION, token, "/", seconds, same_site="Lax")


def signed_out() -> list[Cookie]:
    return [
        Cookie.gone(REFRESH, _AUTH_PATH),
        Cookie.gone(MEDIA, MEDIA_PATH),
        Cookie.gone(SESSION, "/"),
    ]
