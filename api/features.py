"""Every feature's declarations, in the order of the document.

What is declared as planned is part of the contract, of its document and of the mock; the server
serves it from the day on which it is built.
"""

from api.accounts import routes as people
from api.accounts.login import older_routes as older_login
from api.accounts.login import routes as login
from api.accounts.oauth import routes as oauth
from api.accounts.passwords import routes as passwords
from api.accounts.personal_data import routes as personal_data
from api.accounts.registration import routes as registration
from api.accounts.sessions import routes as sessions
from api.accounts.totp import routes as totp
from api.admin import account_routes as admin_accounts
from api.admin import log_routes as audit_log
from api.admin import routes as admin
from api.billing import routes as billing
from api.calls import commands as calls_socket
from api.calls import routes as calls
from api.catalogue import admin_routes as catalogue_admin
from api.catalogue import launcher_routes as launcher
from api.catalogue import routes as catalogue
from api.conversations import commands as chat_socket
from api.conversations import room_commands as room_socket
from api.conversations import room_routes as rooms
from api.conversations import routes as conversations
from api.family import ask_routes as asks
from api.family import routes as family
from api.media import routes as media
from api.operations import routes as operations
from api.profiles import routes as profiles
from api.push import routes as push
from api.routing import Endpoints
from api.settings import routes as settings
from api.setup import routes as setup
from api.streams import commands as stream_socket
from api.streams import routes as streams
from api.watch import commands as watch_socket
from api.watch import routes as watch
from api.ws.declare import Socket

ENDPOINTS: tuple[Endpoints, ...] = (
    registration.endpoint,
    login.endpoint,
    older_login.endpoint,
    oauth.endpoint,
    sessions.endpoint,
    passwords.endpoint,
    totp.endpoint,
    people.endpoint,
    profiles.endpoint,
    family.endpoint,
    asks.endpoint,
    personal_data.endpoint,
    conversations.endpoint,
    rooms.endpoint,
    calls.endpoint,
    streams.endpoint,
    watch.endpoint,
    catalogue.endpoint,
    launcher.endpoint,
    catalogue_admin.endpoint,
    media.endpoint,
    push.endpoint,
    admin_accounts.endpoint,
    admin.endpoint,
    audit_log.endpoint,
    billing.endpoint,
    settings.endpoint,
    operations.endpoint,
    setup.endpoint,
)
SOCKETS: tuple[Socket, ...] = (
    chat_socket.socket,
    room_socket.socket,
    calls_socket.socket,
    stream_socket.socket,
    watch_socket.socket,
)
