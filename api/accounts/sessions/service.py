"""The devices on which somebody is signed in."""

from api.access import Viewer
from api.errors import NotFound
from store import families, sessions
from store.database import Transaction
from store.sessions import End, Session


async def sign_out(tx: Transaction, viewer: Viewer, session_id: str) -> None:
    """End one of the viewer's sessions, or one of a child in their care."""
    session = await _access_session(tx, viewer, session_id)
    await sessions.end_one(tx, session, End.LOGOUT)
    if session.user_id != viewer.user_id:
        tx.audit("session.end", "user", session.user_id, before={"session_id": session.id})


async def _access_session(tx: Transaction, viewer: Viewer, session_id: str) -> Session:
    session = await sessions.lock(tx, session_id)
    if session is None or session.ended_at is not None or viewer.user_id is None:
        raise NotFound
    is_own = session.user_id == viewer.user_id
    if not is_own and not await families.is_guardian(tx, viewer.user_id, session.user_id):
        raise NotFound
    return session
