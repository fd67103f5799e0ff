"""substitutions

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('substitution',
    sa.Column('pledge_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cell', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('sold_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('receivable_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('lender_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('pledgor_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('act_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('error_code', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('error_message', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('expires_at', chainfin.storage.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_at', chainfin.storage.types.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['act_id'], ['act.id'], ),
    sa.ForeignKeyConstraint(['lender_id'], ['party.id'], ),
    sa.ForeignKeyConstraint(['pledgor_id'], ['party.id'], ),
    sa.ForeignKeyConstraint(['receivable_id'], ['receivable.id'], ),
    sa.ForeignKeyConstraint(['sold_id'], ['pledge.id'], ),
    sa.PrimaryKeyConstraint('pledge_id')
    )
    with op.batch_alter_table('substitution', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_substitution_lender_id'), ['lender_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_substitution_pledgor_id'), ['pledgor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_substitution_receivable_id'), ['receivable_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_substitution_sold_id'), ['sold_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_substitution_status'), ['status'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('substitution', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_substitution_status'))
        batch_op.drop_index(batch_op.f('ix_substitution_sold_id'))
        batch_op.drop_index(batch_op.f('ix_substitution_receivable_id'))
        batch_op.drop_index(batch_op.f('ix_substitution_pledgor_id'))
        batch_op.drop_index(batch_op.f('ix_substitution_lender_id'))

    op.drop_table('substitution')
