"""How an upload can end otherwise than hoped, whatever it is for."""

from api.errors import Code

UPLOAD_REFUSALS = (
    Code.PAYLOAD_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.MEDIA_REJECTED,
    # Too many uploads of one's own are under way.
    Code.RATE_LIMITED,
    # The virus scanner can't be reached, and the settings say not to go on without it.
    Code.UNAVAILABLE,
)
