"""The three partners as one small HTTP server that ships with the project: for demo, tests and first steps.

It keeps its word like the real ones: what it has answered for is on disk, a payment id is paid once, every definite
answer is signed. No real bank, registry or data source stands behind it.
"""

from chainfin.connectors.sandbox.server import Sandbox, start_sandbox
from chainfin.connectors.sandbox.world import PARTNERS, Partner, Played, World

__all__ = ["PARTNERS", "Partner", "Played", "Sandbox", "World", "start_sandbox"]
