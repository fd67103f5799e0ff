"""Bugs in what ties a pledge to its asset: the stored tag and the start of its id, together 30 bytes of a hash."""

from __future__ import annotations

from analysis.kill import Mutant

ENTRIES, RULES = "libraries/Entries.sol", "PledgeRules.sol"
BOTH = "return e.tag() == bytes14(hash) && bytes16(pledgeId) == _start(hash);"

TIED = (
    Mutant("a pledge is over its own asset", RULES, "if (!e.isOver(pledgeId, assetId)) revert", "if (false) revert"),
    Mutant("the stored tag says which asset", ENTRIES, BOTH, "return bytes16(pledgeId) == _start(hash);"),
    Mutant("the pledge's id says which asset", ENTRIES, BOTH, "return e.tag() == bytes14(hash);"),
    Mutant(
        "a pledge's id begins with its asset's hash",
        RULES,
        "if (!Entries.mayName(p.pledgeId, p.assetId)) revert",
        "if (false) revert",
    ),
    Mutant(
        "all 16 bytes of the id's start count",
        ENTRIES,
        "return bytes16(pledgeId) == _start(_hash(assetId));",
        "return bytes15(pledgeId) == bytes15(_start(_hash(assetId)));",
    ),
    Mutant("the id has what isn't stored of the hash", ENTRIES, "bytes16(hash << 112)", "bytes16(hash)"),
)
