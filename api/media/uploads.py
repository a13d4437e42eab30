"""What every route that takes a file declares alike."""

from api.errors import Code

MULTIPART = "multipart/form-data"
UPLOAD_REFUSALS = (
    Code.PAYLOAD_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.MEDIA_REJECTED,
    # The virus scanner can't be reached, and the settings say not to go on without it.
    Code.UNAVAILABLE,
)
