"""Planted bugs, on both sides: each has to be found by the generated acts."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from chainfin.errors import Refusal
from chainfin.rules import inventory, order, receivable, receivable_value, substitution, undertaking

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


@dataclass(frozen=True, slots=True)
class PythonMutant:
    """``module.name`` replaced by what ``plant`` makes of it."""

    title: str
    module: ModuleType
    name: str
    plant: Callable[[Any], Any]


def _after(change: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """A rule whose good result is changed: ``change(before, after)``."""

    def plant(rule: Any) -> Any:
        def planted(thing: Any, *args: Any, **named: Any) -> Any:
            result = rule(thing, *args, **named)
            return result if isinstance(result, Refusal) else change(thing, result)

        return planted

    return plant


def _never(*codes: str) -> Callable[[Any], Any]:
    """A check that never refuses for these reasons (None: the check passed)."""

    def plant(check: Any) -> Any:
        def planted(*args: Any, **named: Any) -> Any:
            result = check(*args, **named)
            return None if isinstance(result, Refusal) and result.code in codes else result

        return planted

    return plant


def _off_by_one(check: Any) -> Any:
    def planted(thing: Any, amount: Any) -> Any:
        return check(thing, replace(amount, minor=amount.minor + 1) if amount.minor > 0 else amount)

    return planted


def _upside_down(recount: Any) -> Any:
    def planted(receipt: Any, *args: Any, **named: Any) -> Any:
        after = recount(replace(receipt, pledges=receipt.pledges[::-1]), *args, **named)
        return after if isinstance(after, Refusal) else replace(after, pledges=after.pledges[::-1])

    return planted


def _anybodys(substitute: Any) -> Any:
    def planted(goods: Any, debt: Any, **named: Any) -> Any:
        done = substitute(goods, replace(debt, holder=goods.owner), **named)
        return done if isinstance(done, Refusal) else (done[0], replace(done[1], holder=debt.holder))

    return planted


def _once_more(undertake: Any) -> Any:
    def planted(amount: int, **named: Any) -> Any:
        return undertake(amount, **{**named, "before": None})

    return planted


PYTHON = (
    PythonMutant(
        "a release frees nothing of the pledge",
        receivable, "release", _after(lambda before, _after: before),
    ),
    PythonMutant(
        "what is released counts as paid",
        receivable, "release",
        _after(lambda old, new: replace(new, free=old.free, settled=new.settled + new.free - old.free)),
    ),
    PythonMutant("anybody acts for anybody", receivable_value, "only", _never("not_holder", "not_debtor")),
    PythonMutant("the free part ends one fen early", receivable_value, "within_free", _off_by_one),
    PythonMutant("due on the due day", receivable_value, "overdue", _never("not_yet_due")),
    PythonMutant(
        "a resolved dispute always confirms", receivable, "resolve_dispute",
        _after(lambda _before, after: replace(after, state=receivable.State.CONFIRMED)),
    ),
    PythonMutant(
        "a split forgets how many parts there are", receivable, "split",
        _after(lambda before, after: (replace(after[0], parts=before.parts), after[1])),
    ),
    PythonMutant(
        "a payment never settles", receivable, "_closed", lambda _rule: lambda thing: thing,
    ),
    PythonMutant(
        "a count takes the free part only", inventory, "recount",
        _after(lambda before, after: replace(after, missing=after.missing - 1, free=after.free + 1)),
    ),
    PythonMutant("the oldest pledge bears a loss", inventory, "recount", _upside_down),
    PythonMutant("nothing is enough", receivable_value, "something_left", _never("nothing_left")),
    PythonMutant(
        "taken goods count as released", inventory, "liquidate",
        _after(lambda b, a: (replace(a[0], liquidated=b.liquidated, released=a[0].released + a[1].issued), a[1])),
    ),
    PythonMutant("an amended order stays acknowledged", order, "amend",
                 _after(lambda before, after: replace(after, state=before.state))),
    PythonMutant("a cancelled invoice stays on the order", order, "uninvoice", _after(lambda before, _after: before)),
    PythonMutant(
        "sold goods stay pledged beside their receivable", substitution, "substitute",
        _after(lambda goods, after: (goods, after[1])),
    ),
    PythonMutant("a receivable of another replaces the goods", substitution, "substitute", _anybodys),
    PythonMutant("undertaken twice for one pledge", undertaking, "undertake", _once_more),
    PythonMutant(
        "an undertaking is never used up", undertaking, "call",
        _after(lambda before, after: replace(after, left=before.left)),
    ),
    PythonMutant(
        "a claim that was paid for stays with its holder", receivable, "buy_back",
        _after(lambda before, after: (after[0], replace(after[1], holder=before.holder))),
    ),
    PythonMutant(
        "goods that were bought back stay pledged", inventory, "buy_back",
        _after(lambda before, after: (before, after[1])),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ContractMutant:
    """``old`` in the sources replaced by ``new``; ``contract`` is the one that is compiled again."""

    title: str
    contract: str
    old: str
    new: str


SOLIDITY = (
    ContractMutant(
        "a disputed debt can be pledged", "Receivables",
        "_requireState(id, c, ReceivableState.Confirmed);\n        if (c.debtor() == lender)",
        "if (c.debtor() == lender)",
    ),
    ContractMutant(
        "a release loses what it frees", "Receivables",
        "_unpledge(id, c, amount).moreFree(amount)", "_unpledge(id, c, amount)",
    ),
    ContractMutant(
        "a pledged debt can be passed on", "Receivables",
        "if (c.pledged() != 0) revert PledgedPart(p.id, c.pledged());", "",
    ),
    ContractMutant(
        "anybody can be paid", "Receivables",
        "if (p.payee != c.holder()) revert PayeeWrong(p.payee, c.holder());", "",
    ),
    ContractMutant(
        "a payment counts twice", "Receivables",
        "if (bits & bit != 0) revert BankRefUsed(bank, bankRef);", "",
    ),
    ContractMutant(
        "enforced on the due day", "Receivables",
        "if (_today() <= c.dueDay()) revert NotYetDue(c.dueDay(), _today());\n        if (lender",
        "if (_today() < c.dueDay()) revert NotYetDue(c.dueDay(), _today());\n        if (lender",
    ),
    ContractMutant(
        "a day less of tenor", "Receivables",
        "p.dueDay > today + maxTenorDays", "p.dueDay >= today + maxTenorDays",
    ),
    ContractMutant(
        "the log tells another part", "Receivables",
        "emit Split(p.id, child, amount);", "emit Split(p.id, child, total);",
    ),
    ContractMutant("a credit note isn't logged", "Receivables", "emit Credited(p.id, p.documentRoot, p.amount);", ""),
    ContractMutant(
        "a pledge lapses a second early", "Pledges",
        "if (block.timestamp > e.expiresAt()) revert", "if (block.timestamp >= e.expiresAt()) revert",
    ),
    ContractMutant(
        "any lender releases", "Pledges",
        "if (e.lender() != party) revert NotLender(pledgeId, party);\n        _requireAsset", "_requireAsset",
    ),
    ContractMutant(
        "freed goods are gone", "WarehouseReceipts",
        "_unpledge(id, quantity, ended).moreFree(quantity);", "_unpledge(id, quantity, ended);",
    ),
    ContractMutant(
        "a count may leave a pledge out", "Pledges",
        "if (sum != pledged) revert PledgesIncomplete(assetId, sum, pledged);", "",
    ),
    ContractMutant(
        "the oldest pledge bears the loss", "Pledges",
        "bytes32 pledgeId = pledgeIds[i - 1];\n            Entry e = entries[i - 1];",
        "uint256 k = pledgeIds.length - i;\n bytes32 pledgeId = pledgeIds[k];\n Entry e = entries[k];",
    ),
    ContractMutant(
        "enforced where nothing was lent", "Pledges",
        "if (!e.drawn()) revert NotDrawn(p.pledgeId);\n        uint64 amount", "uint64 amount",
    ),
    ContractMutant(
        "an exchange that nobody signed", "Pledges",
        "_attest(pledgor, keccak256(abi.encode(EXCHANGE, p, pledgor.nonce, pledgor.deadline)));", "",
    ),
    ContractMutant(
        "goods of another than the one who signed", "Pledges",
        "if (warehouseReceipts.holderOf(p.goodsId) != holder) revert SubstituteForeign(p.goodsId, p.receivableId);", "",
    ),
    ContractMutant(
        "sold goods stay pledged", "Pledges", "_release(p.soldPledgeId, p.goodsId, p.quantity, 0, lender);", "",
    ),
    ContractMutant(
        "the log tells a substitution the wrong way round", "Pledges",
        "emit Substituted(p.soldPledgeId, p.pledgeId,", "emit Substituted(p.pledgeId, p.soldPledgeId,",
    ),
    ContractMutant(
        "anybody undertakes for goods", "Pledges", "if (e.goods()) _requireRole(buyer, roles, Roles.CORE);", "",
    ),
    ContractMutant(
        "an undertaking that can be raised", "Pledges",
        "if (u.amount != 0 && u.untilDay >= today) revert UndertakingExists(p.pledgeId, buyer);", "",
    ),
    ContractMutant(
        "an undertaking ends on its last day", "Pledges",
        "block.timestamp / 1 days > u.untilDay", "block.timestamp / 1 days >= u.untilDay",
    ),
    ContractMutant("an undertaking has no end of amounts", "Pledges", "u.amount -= p.amount;", ""),
    ContractMutant("a second part replaces the first", "Pledges", "p.buyer, u.bought++);", "p.buyer, u.bought);"),
    ContractMutant(
        "bought back where nothing was lent", "Pledges",
        "if (!e.drawn()) revert NotDrawn(p.pledgeId);\n        _requireAmount", "_requireAmount",
    ),
    ContractMutant(
        "a buyer attests its own payment", "Pledges", "if (bank == p.buyer) revert SelfAttested(bank);", "",
    ),
    ContractMutant(
        "one payment buys back twice", "Pledges", "receivables.useBankRef(bank, p.bankRef);", "",
    ),
    ContractMutant(
        "a debtor buys back its own debt", "Receivables",
        "if (lender == c.debtor()) revert TransferToDebtor(lender);", "",
    ),
    ContractMutant(
        "what arrived isn't in the trail", "Orders", "_lengthen(p.orderId, RECEIVED, p.documentRoot, p.amount);", ""
    ),
    ContractMutant(
        "a debt isn't bound to its seller", "Receivables",
        "if (tag != c.tag() ||", "if (tag == 0 ||",
    ),
    ContractMutant("a debtor holds its own debt", "Receivables",
                   "if (p.to == c.debtor()) revert TransferToDebtor(p.to);", ""),
    ContractMutant(
        "invoiced before it was received", "Orders", "if (wanted > o.received) revert InvoiceExceedsReceived",
        "if (wanted > o.despatched) revert InvoiceExceedsReceived",
    ),
    ContractMutant(
        "an amendment to what is despatched", "Orders", "p.amount < o.despatched", "p.amount <= o.despatched"
    ),
)  # fmt: skip


def compiled(mutant: ContractMutant, folder: Path) -> dict[str, Any]:
    """The mutated contract's artifact, by name. Raises LookupError where the sources no longer hold ``old`` once."""
    shutil.copytree(CONTRACTS / "src", folder / "src")
    holding = [path for path in sorted((folder / "src").rglob("*.sol")) if mutant.old in path.read_text("utf-8")]
    if len(holding) != 1:
        raise LookupError(f"{mutant.title}: {len(holding)} sources hold {mutant.old!r}")
    holding[0].write_text(holding[0].read_text("utf-8").replace(mutant.old, mutant.new, 1), "utf-8")
    place = importlib.util.spec_from_file_location("contracts_compile", CONTRACTS / "compile.py")
    assert place is not None
    assert place.loader is not None
    machinery = importlib.util.module_from_spec(place)
    place.loader.exec_module(machinery)
    name = f"src/{mutant.contract}.sol"
    wanted = {name: {mutant.contract: machinery.SETTINGS["outputSelection"]["*"]["*"]}}
    request = {
        "language": "Solidity",
        "sources": {
            f"src/{path.relative_to(folder / 'src').as_posix()}": {"content": path.read_text("utf-8")}
            for path in sorted((folder / "src").rglob("*.sol"))
        },
        "settings": {**machinery.SETTINGS, "outputSelection": wanted},
    }
    command = ["node", str(CONTRACTS / "tools" / "solc"), "--standard-json"]
    done = subprocess.run(command, check=True, input=json.dumps(request), capture_output=True, text=True, cwd=CONTRACTS)
    output = json.loads(done.stdout)
    errors = [each["formattedMessage"] for each in output.get("errors", []) if each["severity"] == "error"]
    if errors:
        raise LookupError(f"{mutant.title}: {errors[0]}")
    return {mutant.contract: machinery.artifact(mutant.contract, output["contracts"][name][mutant.contract])}
