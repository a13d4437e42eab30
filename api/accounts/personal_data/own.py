"""What the accounts themselves hold about a person."""

from dataclasses import asdict
from typing import Any

from api.accounts.people import in_full
from api.accounts.personal_data.belongings import Part
from api.accounts.totp.service import SecondFactors
from store import families, idempotency, identities, sessions, users
from store.database import Reading, Transaction

_MOST_SESSIONS = 1000


def parts(second_factors: SecondFactors) -> list[Part]:
    async def forget_account(tx: Transaction, user_id: str) -> None:
        await second_factors.forget(tx, user_id)
        await families.forget(tx, user_id)
        await idempotency.forget(tx, user_id)

    return [
        Part("account", _account, forget=forget_account),
        Part("family", _family),
        Part("sessions", _sessions),
        Part("sign_in", _sign_in),
    ]


async def _account(db: Reading, user_id: str) -> Any:
    user = await users.find(db, user_id)
    assert user is not None
    shown = (await in_full(db, user)).model_dump(mode="json")
    return {
        **shown,
        "bio": user.bio,
        "birth_date": user.birth_date,
        "second_factor_since": user.second_factor_at,
        "erased_at": user.erase_at,
    }


async def _family(db: Reading, user_id: str) -> Any:
    belongs = (await families.families_of(db, [user_id])).get(user_id, [])
    found = [await families.find(db, family_id) for family_id in belongs]
    return {
        "families": [asdict(family) for family in found if family is not None],
        "guardians": [guardian.id for guardian in await families.guardians(db, user_id)],
        "children": [child.id for child in await families.children(db, user_id)],
    }


async def _sessions(db: Reading, user_id: str) -> Any:
    return [asdict(session) for session in await sessions.living(db, user_id, _MOST_SESSIONS)]


async def _sign_in(db: Reading, user_id: str) -> Any:
    return {"providers": await identities.of(db, user_id)}
