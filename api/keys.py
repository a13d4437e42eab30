"""Where the application's parts are found: one typed key each, filled in `api/app.py`."""

from aiohttp import web

from api.access import Authenticator, Viewer
from api.configuration import Configuration
from api.keyring import Keyring
from api.media.intake import Intake
from api.metrics import Metrics
from api.network import Network
from api.pulse import Pulse
from api.quarantine import Quarantine
from api.ratelimits import RateLimits
from api.settings.live import LiveSettings
from api.sightings import Sightings
from api.trouble import Trouble
from store.audit import AuditLog
from store.blobs import Blobs
from store.bus import Bus
from store.clock import Clock
from store.database import Database
from store.envelope import Envelope
from store.leases import Leases
from store.lockout import Lockout
from store.presence import Presence

CONFIGURATION = web.AppKey("configuration", Configuration)
CLOCK = web.AppKey("clock", Clock)
METRICS = web.AppKey("metrics", Metrics)
NETWORK = web.AppKey("network", Network)
TROUBLE = web.AppKey("trouble", Trouble)
DB = web.AppKey("db", Database)
AUDIT_LOG = web.AppKey("audit_log", AuditLog)
KEYRING = web.AppKey("keyring", Keyring)
ENVELOPE = web.AppKey("envelope", Envelope)
BLOBS = web.AppKey("blobs", Blobs)
QUARANTINE = web.AppKey("quarantine", Quarantine)
INTAKE = web.AppKey("intake", Intake)
BUS = web.AppKey("bus", Bus)
PASSWORD_LOCKOUT = web.AppKey("password_lockout", Lockout)
PRESENCE = web.AppKey("presence", Presence)
LEASES = web.AppKey("leases", Leases)
RATE_LIMITS = web.AppKey("rate_limits", RateLimits)
SIGHTINGS = web.AppKey("sightings", Sightings)
SETTINGS = web.AppKey("settings", LiveSettings)
PULSE = web.AppKey("pulse", Pulse)
AUTHENTICATOR = web.AppKey("authenticator", Authenticator)

REQUEST_ID = web.RequestKey("request_id", str)
VIEWER = web.RequestKey("viewer", Viewer)
