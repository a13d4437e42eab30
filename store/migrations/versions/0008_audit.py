"""the audit log"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_INDEXES = (
    ("created_at", "number"),
    ("actor_id", "created_at", "number"),
    ("action", "created_at", "number"),
    ("entity_type", "created_at", "number"),
    ("entity_id", "created_at", "number", "action", "actor_id"),
    ("actor_id", "action", "created_at", "number", "entity_type"),
    ("actor_id", "entity_type", "created_at", "number"),
    ("action", "entity_type", "created_at", "number"),
)


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("entity_type", sa.String(), nullable=False),
        sa.Column("entity_id", sa.String(), nullable=True),
        sa.Column("before_json", sa.String(), nullable=True),
        sa.Column("after_json", sa.String(), nullable=True),
        sa.Column("concerns", sa.Uuid(), nullable=True),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_log")),
    )
    for columns in _INDEXES:
        op.create_index(op.f(f"ix_audit_log_{'_'.join(columns)}"), "audit_log", columns)


def downgrade() -> None:
    op.drop_table("audit_log")
