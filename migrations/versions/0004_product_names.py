"""A product has one name everywhere: receivable_pledge, inventory_pledge, general_310.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAMES = (("receivable", "receivable_pledge"), ("inventory", "inventory_pledge"), ("general", "general_310"))


def upgrade() -> None:
    _rename(NAMES)


def downgrade() -> None:
    _rename([(new, old) for old, new in NAMES])


def _rename(names: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> None:
    for table in ("application", "loan"):
        rows = sa.table(table, sa.column("product", sa.String))
        for old, new in names:
            op.execute(rows.update().where(rows.c.product == old).values(product=new))
