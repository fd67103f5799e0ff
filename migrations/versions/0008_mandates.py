"""mandates

Revision ID: 0008
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = '0008'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mandate',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cell', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('lender_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('currency', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('policies', sa.JSON(), nullable=False),
    sa.Column('grades', sa.JSON(), nullable=False),
    sa.Column('rate_floor', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('not_before', chainfin.storage.types.UtcDateTime(), nullable=False),
    sa.Column('expires_at', chainfin.storage.types.UtcDateTime(), nullable=False),
    sa.Column('signer', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('typed_data', sa.JSON(), nullable=False),
    sa.Column('signature', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', chainfin.storage.types.UtcDateTime(), nullable=False),
    sa.Column('signed_at', chainfin.storage.types.UtcDateTime(), nullable=True),
    sa.Column('revoked_at', chainfin.storage.types.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['lender_id'], ['party.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_mandate_lender_id'), 'mandate', ['lender_id'], unique=False)
    # what a limit was lowered to while more was outstanding; `amount` stays what the CHECK can hold
    with op.batch_alter_table('credit_limit', schema=None) as batch:
        batch.add_column(sa.Column('lowered_to', sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('credit_limit', schema=None) as batch:
        batch.drop_column('lowered_to')
    op.drop_index(op.f('ix_mandate_lender_id'), table_name='mandate')
    op.drop_table('mandate')
