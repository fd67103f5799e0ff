"""A person whom another one made, and credentials made for another, have a say once a second person has confirmed them.

A party's first person and its credentials are confirmed. Who was made by somebody before is not: nobody else was asked.

Revision ID: 0030
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None

TABLES = ("person", "api_client")


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.false()))
            batch_op.add_column(sa.Column("proposal_id", sa.String(), nullable=True))
            if table == "api_client":
                batch_op.create_foreign_key("fk_api_client_proposal", "proposal", ["proposal_id"], ["id"])
                batch_op.add_column(sa.Column("made_by", sa.String(), nullable=True))
    op.execute(sa.text("UPDATE person SET confirmed = :yes WHERE made_by IS NULL").bindparams(yes=True))
    of_first = "person_id IN (SELECT id FROM person WHERE made_by IS NULL)"
    op.execute(sa.text(f"UPDATE api_client SET confirmed = :yes WHERE {of_first}").bindparams(yes=True))


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            if table == "api_client":
                batch_op.drop_column("made_by")
                batch_op.drop_constraint("fk_api_client_proposal", type_="foreignkey")
            batch_op.drop_column("proposal_id")
            batch_op.drop_column("confirmed")
