"""A person whom another one made, and credentials made for another, have a say once a second person has confirmed them.

A party's first person and its credentials are confirmed. Who was made by somebody before is not: nobody else was asked.

Revision ID: 0030
Revises: 0029
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TABLES = ("person", "api_client")


def upgrade() -> None:
    # no table is made anew for it: other rows name persons
    for table in TABLES:
        op.add_column(table, sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.false()))
        op.add_column(table, sa.Column("proposal_id", sa.String(), nullable=True))
    op.add_column("api_client", sa.Column("made_by", sa.String(), nullable=True))
    op.execute(sa.text("UPDATE person SET confirmed = :yes WHERE made_by IS NULL").bindparams(yes=True))
    of_first = "person_id IN (SELECT id FROM person WHERE made_by IS NULL)"
    op.execute(sa.text(f"UPDATE api_client SET confirmed = :yes WHERE {of_first}").bindparams(yes=True))


def downgrade() -> None:
    op.drop_column("api_client", "made_by")
    for table in TABLES:
        op.drop_column(table, "proposal_id")
        op.drop_column(table, "confirmed")
