"""Browsers that have been sent to a provider and are to come back, each within ten minutes."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from store.database import Transaction
from store.schema import Base

LIFE = timedelta(minutes=10)


class OauthFlowRow(Base):
    __tablename__ = "oauth_flows"

    browser: Mapped[bytes] = mapped_column(primary_key=True)
    provider: Mapped[str]
    state: Mapped[str]
    nonce: Mapped[str]
    verifier: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class OauthFlow:
    """What a browser has to bring back, and what its code and token have to fit."""

    provider: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


def plan(provider: str) -> OauthFlow:
    """Three things that nobody can guess; the verifier is as long as RFC 7636 has it be."""
    return OauthFlow(provider, *(secrets.token_urlsafe(32) for _ in range(3)))


async def begin(tx: Transaction, flow: OauthFlow) -> str:
    """Keep it for the one browser that has the token; the only copy is the answer."""
    token = secrets.token_urlsafe(32)
    await tx.execute(
        insert(OauthFlowRow).values(
            browser=browser_of(token),
            provider=flow.provider,
            state=flow.state,
            nonce=flow.nonce,
            verifier=flow.verifier,
            expires_at=tx.now + LIFE,
        )
    )
    return token


async def take(tx: Transaction, token: str) -> OauthFlow | None:
    """The flow that this browser began; there is none the second time, and none too late."""
    taken = await tx.execute(
        delete(OauthFlowRow)
        .where(OauthFlowRow.browser == browser_of(token))
        .returning(
            OauthFlowRow.provider,
            OauthFlowRow.state,
            OauthFlowRow.nonce,
            OauthFlowRow.verifier,
            OauthFlowRow.expires_at,
        )
    )
    row = taken.one_or_none()
    if row is None or row.expires_at <= tx.now:
        return None
    return OauthFlow(row.provider, row.state, row.nonce, row.verifier)


async def sweep(tx: Transaction) -> int:
    """Forget those who never came back."""
    swept = await tx.execute(delete(OauthFlowRow).where(OauthFlowRow.expires_at <= tx.now))
    return swept.rowcount


def browser_of(token: str) -> bytes:
    """What a browser is known by here."""
    return sha256(token.encode(errors="replace")).digest()
