"""In which order the contracts are deployed, and with what; written to artifacts/deployment.json."""

from __future__ import annotations

from typing import Any

#: Steps in order, by one deployer account with consecutive transaction nonces. Constructor arguments:
#: "$operator" - address of the platform operator;
#: "$governanceDelay" - seconds between announcing and doing what Governance delays (default two days);
#: "$maxTenorDays" - longest tenor of a receivable in days (default below, 366 at the outside);
#: "@Name" - address of that step's contract, also of one that is still to come: it is the CREATE address of
#:           the deployer's nonce at that step, keccak(rlp([deployer, first nonce + step]))[12:].
#: `checks`: after the last step each view must return that address. Constructors check what they can themselves.
DEPLOYMENT: dict[str, Any] = {
    "version": 1,
    "defaults": {"maxTenorDays": 184, "governanceDelay": 172_800},
    "steps": [
        {"contract": "Governance", "args": ["$operator", "@Participants", "$governanceDelay"]},
        {"contract": "Participants", "args": ["@Governance"]},
        {"contract": "Orders", "args": ["@Participants", "@Receivables"]},
        {"contract": "Receivables", "args": ["@Participants", "@Orders", "@Pledges", "$maxTenorDays"]},
        {"contract": "WarehouseReceipts", "args": ["@Participants", "@Pledges"]},
        {"contract": "Pledges", "args": ["@Participants", "@Receivables", "@WarehouseReceipts"]},
    ],
    "links": [],
    "checks": [
        {"contract": "Participants", "view": "authority", "is": "@Governance"},
        {"contract": "Orders", "view": "participants", "is": "@Participants"},
        {"contract": "Receivables", "view": "participants", "is": "@Participants"},
        {"contract": "WarehouseReceipts", "view": "participants", "is": "@Participants"},
        {"contract": "Pledges", "view": "participants", "is": "@Participants"},
        {"contract": "Orders", "view": "receivables", "is": "@Receivables"},
        {"contract": "Receivables", "view": "orders", "is": "@Orders"},
        {"contract": "Receivables", "view": "pledges", "is": "@Pledges"},
        {"contract": "WarehouseReceipts", "view": "pledges", "is": "@Pledges"},
        {"contract": "Pledges", "view": "receivables", "is": "@Receivables"},
        {"contract": "Pledges", "view": "warehouseReceipts", "is": "@WarehouseReceipts"},
    ],
}
