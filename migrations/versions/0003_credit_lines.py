"""credit lines

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('credit_line',
    sa.Column('debtor_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('currency', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('limit', sa.BigInteger(), nullable=False),
    sa.Column('used', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('"limit" >= 0 and used >= 0', name='counted'),
    sa.ForeignKeyConstraint(['debtor_id'], ['party.id'], ),
    sa.PrimaryKeyConstraint('debtor_id')
    )
    op.create_table('credit_line_share',
    sa.Column('lender_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('debtor_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('limit', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['debtor_id'], ['party.id'], ),
    sa.ForeignKeyConstraint(['lender_id'], ['party.id'], ),
    sa.PrimaryKeyConstraint('lender_id', 'debtor_id')
    )
    with op.batch_alter_table('credit_line_share', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_credit_line_share_debtor_id'), ['debtor_id'], unique=False)

    with op.batch_alter_table('receivable', schema=None) as batch_op:
        batch_op.add_column(sa.Column('lined', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('receivable', schema=None) as batch_op:
        batch_op.drop_column('lined')

    with op.batch_alter_table('credit_line_share', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_credit_line_share_debtor_id'))

    op.drop_table('credit_line_share')
    op.drop_table('credit_line')
