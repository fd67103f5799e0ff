"""The bank's messages in ISO 20022 form: what it booked (camt), what it is told to pay (pain.001), what came of that
(pain.002).

Reading never stops at one bad line: what can't be understood is parked beside what can. Nothing here knows a database
or a connection.
"""

from chainfin.connectors.iso20022 import camt, payout, status
from chainfin.connectors.iso20022.continuity import Difference, follows

__all__ = ["Difference", "camt", "follows", "payout", "status"]
