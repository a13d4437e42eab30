"""Signing in on a provider's word: whose account it opens, and what else is asked of them.

A provider answers for the first half of a sign-in, in place of a password. The second factor may
still be missing when the proof of the first half is spent: then a ticket stands for it.
"""

import hmac
import json
import secrets
from dataclasses import dataclass, field, replace
from hashlib import sha256

from pydantic import Secret

from api.access import Role
from api.accounts.login.service import Form, FrontDoor, Recognised, SignedIn
from api.accounts.oauth.client import ProviderName
from api.accounts.oauth.identity_token import Identity
from api.accounts.oauth.provider import Provider
from api.accounts.oauth.refusals import NotProven, ProviderAway, unconfirmed_address, wrong_role
from api.accounts.registration import service as registration
from api.errors import Code, Conflict, Refusal
from store import identities, oauth_flows, oauth_tickets, users
from store.clock import Clock
from store.database import Database, Transaction
from store.deeds import Actor
from store.oauth_flows import OauthFlow
from store.oauth_tickets import OauthTicket
from store.sessions import Device
from store.users import User

# RFC 6749, 4.1.2.1: what a provider says of itself, and not of the person.
_ITS_OWN_FAULTS = frozenset({"server_error", "temporarily_unavailable"})


@dataclass(frozen=True, slots=True)
class CodeProof:
    """A code, and what shows that it was handed to whoever asked for it."""

    code: Secret[str]
    redirect_uri: str | None
    verifier: Secret[str] | None
    nonce: Secret[str] | None

    def as_ticket(self, provider: ProviderName) -> Secret[str]:
        """A code serves once, but may have to be sent again beside a second factor."""
        hidden = (self.code, self.verifier, self.nonce)
        parts = [secret and secret.get_secret_value() for secret in hidden]
        described = json.dumps([provider, self.redirect_uri, *parts])
        return Secret(sha256(described.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Return:
    """How a provider sent a browser back."""

    browser: Secret[str] | None
    state: Secret[str]
    code: Secret[str] | None
    error: str | None
    # What the person wants to be called, where the provider asked them.
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Vouched:
    """Somebody who has shown both halves of who they are, and may come in."""

    recognised: Recognised
    ticket: OauthTicket
    token: Secret[str] | None = None


class ProviderSignIn:
    def __init__(self, *, db: Database, clock: Clock, door: FrontDoor, own_url: str) -> None:
        self._db = db
        self._clock = clock
        self._door = door
        self._own_url = own_url

    async def begin(self, provider: Provider) -> tuple[str, Secret[str]]:
        """Where a browser has to go, and the cookie by which it is known when it comes back."""
        flow = oauth_flows.plan(provider.name)
        url = await provider.authorization_url(
            redirect_uri=self._callback(provider),
            state=Secret(flow.state),
            nonce=Secret(flow.nonce),
            verifier=Secret(flow.verifier),
        )
        async with self._db.begin() as tx:
            return url, Secret(await oauth_flows.begin(tx, flow))

    async def come_back(self, provider: Provider, answer: Return) -> Vouched | Secret[str]:
        """Who was sent back; or, if they owe their second factor, a ticket to bring it with."""
        flow = await self._flow(provider, answer)
        if answer.error in _ITS_OWN_FAULTS:
            raise ProviderAway
        if answer.code is None or answer.browser is None:
            raise NotProven
        identity = await provider.exchange(
            answer.code,
            redirect_uri=self._callback(provider),
            verifier=Secret(flow.verifier),
            nonce=Secret(flow.nonce),
            now=self._clock.now(),
        )
        token = Secret(secrets.token_urlsafe(32))
        identity = replace(identity, name=identity.name or answer.name)
        browser = oauth_flows.browser_of(answer.browser.get_secret_value())
        ticket = await self._first_half(provider, identity, token, browser)
        try:
            return await self._second_half(ticket, None, token)
        except Refusal as refusal:
            if refusal.code is Code.TOTP_REQUIRED:
                return token
            raise

    async def by_token(
        self,
        provider: Provider,
        id_token: Secret[str],
        nonce: Secret[str] | None,
        code: Secret[str] | None,
    ) -> Vouched:
        """By what the provider gave to the client; it is good for as long as it says."""
        identity = await provider.identify(id_token, nonce=nonce, now=self._clock.now())
        return await self._second_half(await self._first_half(provider, identity), code)

    async def by_code(
        self, provider: Provider, proof: CodeProof, code: Secret[str] | None
    ) -> Vouched:
        """By a code that a client got from the provider by itself.

        To which addresses a client of ours may have codes sent is what we have registered with
        the provider, who checks it. Only the browser's own is none of theirs: a code that was
        sent there belongs to the browser that asked for it.
        """
        if proof.redirect_uri == self._callback(provider):
            raise NotProven
        token = proof.as_ticket(provider.name)
        ticket = await self._ticket(provider, token, None)
        if ticket is None:
            identity = await provider.exchange(
                proof.code,
                redirect_uri=proof.redirect_uri,
                verifier=proof.verifier,
                nonce=proof.nonce,
                now=self._clock.now(),
            )
            ticket = await self._first_half(provider, identity, token)
        return await self._second_half(ticket, code, token)

    async def by_ticket(
        self,
        provider: Provider,
        token: Secret[str],
        browser: Secret[str] | None,
        code: Secret[str] | None,
    ) -> Vouched:
        """By the ticket that a browser came back with; it is of no use to any other browser."""
        if browser is None:
            raise NotProven
        known_as = oauth_flows.browser_of(browser.get_secret_value())
        ticket = await self._ticket(provider, token, known_as)
        if ticket is None:
            raise NotProven
        return await self._second_half(ticket, code, token)

    async def open(self, tx: Transaction, vouched: Vouched, device: Device) -> SignedIn:
        """Begin the session; an identity that is new here is linked with it, or not at all."""
        ticket, token = vouched.ticket, vouched.token
        owner = await identities.hold(tx, ticket.provider, ticket.subject)
        user = await users.lock(tx, ticket.user_id)
        if user is None or owner not in {None, user.id}:
            raise NotProven
        _refuse_other_roles(user)
        if user.second_factor_at is not None and token is not None:
            await _use(tx, token)
        tx.actor = Actor(user.id, tx.actor.ip)
        if owner is None:
            await _link(tx, ticket, user)
        return await self._door.open(tx, vouched.recognised, device, Form.PAIR)

    def _callback(self, provider: Provider) -> str:
        return f"{self._own_url}/auth/oauth/{provider.name}/callback"

    async def _flow(self, provider: Provider, answer: Return) -> OauthFlow:
        """What this browser had begun. Whatever it brings back, it brings it once."""
        if answer.browser is None:
            raise NotProven
        async with self._db.begin() as tx:
            flow = await oauth_flows.take(tx, answer.browser.get_secret_value())
        if flow is None or flow.provider != provider.name:
            raise NotProven
        brought = answer.state.get_secret_value().encode(errors="replace")
        if not hmac.compare_digest(brought, flow.state.encode()):
            raise NotProven
        return flow

    async def _ticket(
        self, provider: Provider, token: Secret[str], browser: bytes | None
    ) -> OauthTicket | None:
        async with self._db.read() as db:
            ticket = await oauth_tickets.find(db, token.get_secret_value())
        if ticket is None or (ticket.provider, ticket.browser) != (provider.name, browser):
            return None
        return ticket

    async def _first_half(
        self,
        provider: Provider,
        identity: Identity,
        token: Secret[str] | None = None,
        browser: bytes | None = None,
    ) -> OauthTicket:
        """Whose account it is; a ticket is kept for those who owe more than this."""
        async with self._db.begin() as tx:
            user = await _account_of(tx, provider.name, identity)
            ticket = OauthTicket(provider.name, identity.subject, user.id, browser)
            if token is not None and user.second_factor_at is not None:
                await oauth_tickets.keep(tx, token.get_secret_value(), ticket)
        return ticket

    async def _second_half(
        self, ticket: OauthTicket, code: Secret[str] | None, token: Secret[str] | None = None
    ) -> Vouched:
        async with self._db.read() as db:
            user = await users.find(db, ticket.user_id)
        if user is None:
            raise NotProven
        _refuse_other_roles(user)
        return Vouched(await self._door.vouched_for(user, code), ticket, token)


async def _account_of(tx: Transaction, provider: ProviderName, identity: Identity) -> User:
    """The account that an identity opens or will open; made, for an admin to approve, if there is
    none. One that is there already is not linked before its owner is in."""
    owner = await identities.hold(tx, provider, identity.subject)
    user = await users.find(tx, owner) if owner is not None else None
    if user is not None:
        return user
    if identity.email is None:
        raise unconfirmed_address()
    return await users.by_email(tx, identity.email) or await _register(tx, provider, identity)


async def _register(tx: Transaction, provider: ProviderName, identity: Identity) -> User:
    assert identity.email is not None
    try:
        user = await registration.register(
            tx, password_hash=None, email=identity.email, display_name=identity.name
        )
    except Conflict:
        # Somebody else has registered that address at this very moment.
        known = await users.by_email(tx, identity.email)
        if known is None:
            raise
        return known
    await identities.link(tx, provider, identity.subject, user.id)
    return user


async def _use(tx: Transaction, token: Secret[str]) -> None:
    if not await oauth_tickets.use(tx, token.get_secret_value()):
        raise NotProven


async def _link(tx: Transaction, ticket: OauthTicket, user: User) -> None:
    await identities.link(tx, ticket.provider, ticket.subject, user.id)
    tx.audit("account.link", "user", user.id, after={"provider": ticket.provider})
    tx.announce(f"user:{user.id}", {"type": "account:linked", "provider": ticket.provider})


def _refuse_other_roles(user: User) -> None:
    """Admins and children don't come in this way: what opens the house, and what a child may use,
    is not a provider's to say."""
    if user.role != Role.PARENT:
        raise wrong_role()
