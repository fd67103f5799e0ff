"""A mandate's revocation as its lender signs it, and the proposal for one that is signed in custody.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    with op.batch_alter_table("mandate", schema=None) as batch:
        batch.add_column(sa.Column("proposal_id", Text(), nullable=True))
        batch.add_column(sa.Column("revocation", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("revocation_signature", Text(), nullable=True))
        batch.create_foreign_key("fk_mandate_proposal", "proposal", ["proposal_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("mandate", schema=None) as batch:
        batch.drop_constraint("fk_mandate_proposal", type_="foreignkey")
        batch.drop_column("revocation_signature")
        batch.drop_column("revocation")
        batch.drop_column("proposal_id")
