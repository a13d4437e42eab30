"""master keys, and one key for each person"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "master_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_master_keys")),
    )
    op.create_index(
        "uq_master_keys_current",
        "master_keys",
        ["is_current"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "master_key_bridges",
        sa.Column("under", sa.String(), nullable=False),
        sa.Column("leads_to", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("under", "leads_to", name=op.f("pk_master_key_bridges")),
    )
    op.create_index(
        "uq_keys_person",
        "keys",
        ["owner"],
        unique=True,
        postgresql_where=sa.text("kind = 'person'"),
    )
    # What lies there goes on under the master key that it lies under.
    op.execute(
        "INSERT INTO master_keys (id, is_current, proof, changed_at)"
        " SELECT master_key_id, true, '', created_at FROM keys ORDER BY created_at LIMIT 1"
    )


def downgrade() -> None:
    op.drop_index("uq_keys_person", table_name="keys")
    op.drop_table("master_key_bridges")
    op.drop_table("master_keys")
