"""parked items, and when an end of day began

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('parked_item',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('payload', sa.Text(), nullable=False),
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('detail', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('first_seen_at', chainfin.storage.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('last_tried_at', chainfin.storage.types.UtcDateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('status', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('resolved_by', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('resolution', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('source', 'digest')
    )
    with op.batch_alter_table('parked_item', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_parked_item_status'), ['status'], unique=False)

    with op.batch_alter_table('end_of_day', schema=None) as batch_op:
        batch_op.add_column(sa.Column('started_at', chainfin.storage.types.UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('end_of_day', schema=None) as batch_op:
        batch_op.drop_column('started_at')

    with op.batch_alter_table('parked_item', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_parked_item_status'))

    op.drop_table('parked_item')
