"""The main job from an order to an audited loan, on sample documents of invented companies, in chapters a to h."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chainfin import samples
from chainfin.client.flows import confirmation
from chainfin.client.problem import ApiProblem
from chainfin.demo.bypass import pledge_again
from chainfin.demo.member import Member
from chainfin.demo.report import Report
from chainfin.demo.stage import Stage
from chainfin.values.money import Money

CNY = "CNY"


@dataclass
class Cast:
    """Who takes part."""

    core: Member
    supplier: Member
    distributor: Member
    keeper: Member
    lender: Member
    auditor: Member
    bank: Member
    shop: Member


@dataclass
class Story:
    """One playing of the main job. Each letter may be played once, in order."""

    stage: Stage
    report: Report
    cast: Cast | None = None
    order: dict[str, Any] = field(default_factory=dict)
    receivable: dict[str, Any] = field(default_factory=dict)
    loans: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)

    @property
    def who(self) -> Cast:
        assert self.cast is not None, "chapter a admits the cast"
        return self.cast

    # a ------------------------------------------------------------------------------------------------------------

    def admit_everyone(self) -> None:
        """Contracts are there; the operator admits the companies, each with a key of its own."""
        report, stage = self.report, self.stage
        report.chapter("a", "Contracts deployed, participants admitted", "部署合约，准入参与方")
        contracts = stage.installation.ctx.contracts
        report.did("chain", f"{len(contracts)} contracts deployed", ", ".join(contracts))

        def admit(company: samples.Company, *roles: str, custody: bool = False) -> Member:
            member = stage.admit(company.english, ("USCC", company.uscc), list(roles), custody=custody)
            held = "key held in custody" if custody else f"own key {member.address[:10]}…"
            report.did("operator", f"admitted {company.name} {company.english} as {', '.join(roles)}", held)
            return member

        self.cast = Cast(
            core=admit(samples.CORE, "core"),
            supplier=admit(samples.SUPPLIER, "supplier"),
            distributor=admit(samples.DISTRIBUTOR, "distributor"),
            keeper=admit(samples.KEEPER, "keeper"),
            lender=admit(samples.LENDER, "lender", custody=True),
            auditor=admit(samples.AUDITOR, "auditor"),
            bank=admit(samples.SETTLEMENT_BANK, "bank"),
            shop=admit(samples.SHOP, "supplier"),
        )
        lender = self.who.lender
        stage.limit(lender, "debtor", self.who.core, "20000000.00", CNY, "A")
        stage.limit(lender, "borrower", self.who.supplier, "5000000.00", CNY, "B")
        stage.limit(lender, "borrower", self.who.distributor, "5000000.00", CNY, "B")
        stage.limit(lender, "lender", lender, "50000000.00", CNY, "A")
        stage.mandate(lender, "50000000.00", CNY)
        stage.fund(lender, "50000000.00", CNY)
        report.did(lender.name, "signed its mandate", "all products, at most 50,000,000.00, for a year")
        report.did(lender.name, "placed its money at the settlement bank", "50,000,000.00 to lend")
        report.did(lender.name, "set its limits", "debtor 20,000,000.00; borrowers 5,000,000.00 each")

    # b ------------------------------------------------------------------------------------------------------------

    def trade(self) -> None:
        """Order, acknowledgement, despatch, receipt, invoice, receivable, confirmation: each act by its own party."""
        report, who = self.report, self.who
        report.chapter("b", "A trade becomes a confirmed receivable", "贸易形成确权的应收账款")
        self.documents = samples.trade(self.stage.today, "SAMPLE-INV-0001")
        self.order = self._document(who.core, "/v1/orders", "order")["order"]
        amount = f"{self.order['ordered']} {self.order['currency']}"
        report.did(who.core.name, f"posted order {self.order['number']} over {amount}", _hash(self.order["id"]))
        path = f"/v1/orders/{self.order['id']}"
        self._document(who.supplier, f"{path}/acknowledgement", "response")
        report.did(who.supplier.name, "acknowledged it")
        self._document(who.supplier, f"{path}/despatches", "despatch")
        report.did(who.supplier.name, "despatched the goods")
        self._document(who.core, f"{path}/receipts", "receipt")
        received = who.core.get(path)["received"]
        report.did(who.core.name, f"received goods worth {received} {self.order['currency']}")
        body = {"order_id": self.order["id"], "document": self.documents["invoice"].decode()}
        self.receivable = who.supplier.act("/v1/receivables", body)["receivable"]
        report.did(
            who.supplier.name, f"issued the receivable: face {self.receivable['face']}", _hash(self.receivable["id"])
        )
        self.receivable = who.core.get(f"/v1/receivables/{self.receivable['id']}")
        who.core.confirm(self.receivable, self.documents["invoice"])
        report.did(who.core.name, f"confirmed it (确权): will pay on {self.receivable['due_date']}")

    def _document(self, member: Member, path: str, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = member.act(path, {"document": self.documents[name].decode()})
        return answer

    # c ------------------------------------------------------------------------------------------------------------

    def supplier_borrows(self, amount: str = "700000.00") -> None:
        """Applied for through the API, followed live, accepted by signature, registered, pledged, paid out."""
        self.report.chapter("c", "The supplier borrows against the receivable", "供应商以应收账款质押借款")
        body = {
            "product": "receivable_pledge",
            "lender_id": self.who.lender.id,
            "amount": {"amount": amount, "currency": self.receivable["currency"]},
            "days": max(1, (date.fromisoformat(self.receivable["due_date"]) - self.stage.today).days),
            "asset_id": self.receivable["id"],
        }
        self.loans["supplier"] = self.borrow(self.who.supplier, body)

    def borrow(self, member: Member, body: dict[str, Any]) -> str:
        """Apply, print the nodes as their events come, sign the offer when it stands. Returns the loan's id."""
        report = self.report
        application = member.post("/v1/applications", body)
        report.did(member.name, f"applied for {body['amount']['amount']} {body['amount']['currency']}")
        path = f"/v1/applications/{application['id']}"
        seconds: dict[str, float] = {}
        for name, data in member.events(f"{path}/events"):
            if name != "node":
                continue
            if data["phase"] == "ended":
                report.node(data)
                seconds[data["node"]] = float(data["seconds"])
            elif data["node"] == "offered":
                self._accept(member, path)
        ended = member.get(path)
        if ended["status"] != "funded":
            raise ApiProblem(409, {"code": f"application_{ended['status']}", "detail": str(ended["refusals"])})
        loan = member.get(f"/v1/loans/{ended['loan_id']}")
        total = sum(took for name, took in seconds.items() if name != "offered")
        report.did("rail", f"paid out {loan['principal']} {loan['currency']}", f"{total:.3f} s in all nodes")
        self.report.facts.setdefault("seconds_by_node", {})[body["product"]] = seconds
        return str(ended["loan_id"])

    def _accept(self, member: Member, path: str) -> None:
        application = member.get(path)
        offer = application["offer"]
        terms = offer["terms"]
        self.report.note(
            f"[bold]offer[/] {offer['amount']} at {terms['annual_rate']} a year, fee {terms['fee']}, until "
            f"{terms['maturity']}; true yearly cost (IRR, fees included) {terms['yearly_cost']}"
        )
        member.accept(application)

    # d ------------------------------------------------------------------------------------------------------------

    def distributor_borrows(self) -> None:
        """A warehouse receipt, a loan at a loan-to-value from a price, a part repayment that releases goods."""
        report, who, stage = self.report, self.who, self.stage
        report.chapter("d", "The distributor borrows against goods", "经销商库存融资")
        goods = {"commodity": "copper-strip", "insured": "true"}
        lot = {"site": "SAMPLE yard 3", "number": "SAMPLE-LOT-0001", "seal": "SAMPLE-SEAL-0001"}
        body = {"number": "SAMPLE-WR-0001", "owner_id": who.distributor.id, "goods": goods, "unit": "KGM", "lot": lot}
        receipt = who.keeper.act("/v1/warehouse-receipts", {**body, "quantity": "20000"})["warehouse_receipt"]
        report.did(who.keeper.name, "issued a warehouse receipt over 20,000 kg of copper strip", _hash(receipt["id"]))
        price = {"amount": "70.00", "currency": CNY}
        quoted = {
            "good": "copper-strip",
            "unit": "KGM",
            "price": price,
            "source": "sample price",
            "as_of": str(stage.today),
        }
        who.lender.post("/v1/prices", quoted)
        loan_id = self.borrow(
            who.distributor,
            {
                "product": "inventory_pledge",
                "lender_id": who.lender.id,
                "amount": {"amount": "500000.00", "currency": CNY},
                "days": 60,
                "asset_id": receipt["id"],
            },
        )
        self.loans["distributor"] = loan_id
        pledged = who.distributor.get(f"/v1/warehouse-receipts/{receipt['id']}")["pledged"]
        report.note(f"pledged {pledged} kg of 20000.000 kg at 70.00 CNY/kg")
        part = who.distributor.post(
            f"/v1/loans/{loan_id}/repayments", {"amount": {"amount": "200000.00", "currency": CNY}}
        )
        stage.pays(who.distributor, Money.parse("200000.00", CNY), part["account"], part["reference"])
        now = who.distributor.until(
            lambda: who.distributor.get(f"/v1/warehouse-receipts/{receipt['id']}"), lambda r: r["pledged"] != pledged
        )
        owed = who.distributor.get(f"/v1/loans/{loan_id}")["outstanding"]
        report.did(who.distributor.name, f"repaid 200000.00; still owes {owed}", f"pledged now {now['pledged']} kg")
        self.report.facts["goods_released_kg"] = str(_kg(pledged) - _kg(now["pledged"]))

    # e ------------------------------------------------------------------------------------------------------------

    def shop_borrows(self) -> None:
        """The general 310 path: sales data in by consent, a limit out, its parts adding up to the fen."""
        report, who = self.report, self.who
        report.chapter("e", "A noodle shop takes the general 310 path", "小面馆走“310”通用路径")
        token = self.stage.consent(samples.SHOP.uscc, ("tax", "payments", "marketplace"))
        body = {
            "product": "general_310",
            "lender_id": who.lender.id,
            "amount": {"amount": "30000.00", "currency": CNY},
            "days": 90,
            "consent": {"token": token, "sources": ["tax", "payments", "marketplace"]},
        }
        self.loans["shop"] = self.borrow(who.shop, body)
        application = who.shop.get(f"/v1/loans/{self.loans['shop']}")["application_id"]
        parts = who.shop.get(f"/v1/applications/{application}")["limit_parts"]
        total = sum((Money.parse(part["amount"], CNY) for part in parts), Money.zero(CNY))
        rows = [(part["en"], part["amount"]) for part in parts]
        report.parts("   Where the shop's limit comes from", rows, ("limit: the parts add up", str(total)))
        report.facts["shop_limit"] = {"parts": [part["amount"] for part in parts], "total": str(total)}

    # h (before the money comes in, so that there is something to protect) ---------------------------------------------

    def refused(self) -> None:
        """What must not work: each is refused by its own error, and nothing changes."""
        report, who = self.report, self.who
        report.chapter("h", "What must not work", "必须被拒绝的操作")
        receivable = f"/v1/receivables/{self.receivable['id']}"
        invoice = {"order_id": self.order["id"], "document": self.documents["invoice"].decode()}
        self._must_fail(
            "the same invoice a second time",
            "invoice_already_registered",
            lambda: who.supplier.act("/v1/receivables", invoice),
        )
        self._must_fail("a second pledge of the same amount", "chain_exceeds_free", self._second_pledge)
        self._must_fail(
            "a confirmation by anybody but the debtor",
            "not_debtor",
            lambda: who.supplier.act(f"{receivable}/confirmation", confirmation(self.receivable)),
        )
        self._must_fail("an invoice above what was received", "invoice_above_received", self._overinvoiced)
        self._must_fail("a replayed signature", "signature_replayed", self._replay)
        report.facts["refusals"] = self.refusals

    def _must_fail(self, what: str, code: str, attempt: Callable[[], object]) -> None:
        """Refused by exactly this error; anything else, and above all success, stops the demo."""
        try:
            attempt()
        except ApiProblem as problem:
            if problem.code != code:
                raise
            self.refusals[what] = problem.code
            self.report.refused(what, problem.code, problem.message)
        else:
            raise AssertionError(f"{what} went through")

    def _second_pledge(self) -> None:
        """More is asked on the receivable than what is left of it: the policy says no before the chain would."""
        body = {
            "product": "receivable_pledge",
            "lender_id": self.who.lender.id,
            "amount": {"amount": "700000.00", "currency": CNY},
            "days": 30,
            "asset_id": self.receivable["id"],
        }
        asked = self.who.supplier.post("/v1/applications", body)
        path = f"/v1/applications/{asked['id']}"
        decided = self.who.supplier.until(
            lambda: self.who.supplier.get(path), lambda a: a["status"] in ("offered", "declined")
        )
        if decided["status"] == "offered":
            # What is offered is at most what is free; so the same amount again can only be had if it is pledged twice.
            free = Money.parse(self.who.supplier.get(f"/v1/receivables/{self.receivable['id']}")["free"], CNY)
            assert Money.parse(decided["offer"]["pledge_amount"], CNY) <= free, "more is offered than is free"
            self.who.supplier.post(f"{path}/withdrawal")
        raise ApiProblem(409, pledge_again(self.stage, self.who.supplier, self.loans["supplier"]))

    def _overinvoiced(self) -> None:
        """Another trade of the same two: 4,500 kg received, 5,000 kg invoiced."""
        who = self.who
        docs = samples.trade(self.stage.today, "SAMPLE-INV-0002", overinvoiced=True, order_number="SAMPLE-PO-0002")
        order = who.core.act("/v1/orders", {"document": docs["order"].decode()})["order"]
        path = f"/v1/orders/{order['id']}"
        who.supplier.act(f"{path}/acknowledgement", {"document": docs["response"].decode()})
        who.supplier.act(f"{path}/despatches", {"document": docs["despatch"].decode()})
        who.core.act(f"{path}/receipts", {"document": docs["receipt"].decode()})
        who.supplier.act("/v1/receivables", {"order_id": order["id"], "document": docs["invoice"].decode()})

    def _replay(self) -> None:
        """The signature that accepted the first offer, sent once more."""
        supplier = self.who.supplier
        loan = supplier.get(f"/v1/loans/{self.loans['supplier']}")
        path = f"/v1/applications/{loan['application_id']}"
        act = supplier.get(path)["offer"]["act"]
        supplier.post(f"{path}/accept", {"signature": supplier.signature(act["typed_data"])})

    # f ------------------------------------------------------------------------------------------------------------

    def due_date(self) -> None:
        """The core enterprise pays; lender first, the rest to the holder; the pledge is released; the book balances."""
        report, who, stage = self.report, self.who, self.stage
        report.chapter("f", "The due date: the core enterprise pays", "到期：核心企业付款")
        self.repay_all("distributor")
        stage.move_to(date.fromisoformat(self.receivable["due_date"]))
        report.did("clock", f"moved to {self.receivable['due_date']}")
        face = Money.parse(self.receivable["face"], CNY)
        how = who.core.get(f"/v1/receivables/{self.receivable['id']}/payment")
        stage.pays(who.core, face, how["account"], how["reference"])
        report.did(who.core.name, f"paid {face} {CNY}", f"to {how['account']} under {how['reference']}")
        attested = who.bank.until(who.bank.sign_waiting, bool)
        report.did(who.bank.name, f"attested {attested} settlements on chain", "lender's part, holder's part")
        loan_path = f"/v1/loans/{self.loans['supplier']}"
        loan = who.supplier.until(
            lambda: who.supplier.get(loan_path),
            lambda now: now["status"] == "repaid" and all(p["status"] == "released" for p in now["pledges"]),
        )
        paid = who.supplier.get(f"{loan_path}/statement")["lines"][-1]["allocation"]
        rows = [(name.replace("_", " "), part) for name, part in paid.items() if name != "to_holder"]
        report.parts("   The waterfall over the pledged part", rows, ("rest of it, to the holder", paid["to_holder"]))
        report.did("chain", "the pledge is released", f"registry {loan['pledges'][0]['registry_number']}")
        settled = who.supplier.get(f"/v1/receivables/{self.receivable['id']}")
        assert settled["status"] == "settled", settled["status"]
        self.repay_all("shop")
        self.trial_balance()

    def repay_all(self, name: str) -> None:
        """Distributor or shop repays what it owes on the day that it falls due."""
        member: Member = getattr(self.who, name)
        path = f"/v1/loans/{self.loans[name]}"
        maturity = date.fromisoformat(member.get(path)["maturity"])
        if maturity > self.stage.today:
            self.stage.move_to(maturity)
            self.report.did("clock", f"moved to {maturity}")
        due = member.post(f"{path}/repayments")
        amount = Money.parse(due["amount"]["amount"], due["amount"]["currency"])
        self.stage.pays(member, amount, due["account"], due["reference"])
        member.until(lambda: member.get(path), lambda now: now["status"] == "repaid")
        self.report.did(member.name, f"repaid {amount} {CNY}: nothing is owed any more")

    def trial_balance(self) -> None:
        auditor = self.who.auditor

        def settled(book: dict[str, Any]) -> bool:
            open_ = [line for line in book["lines"] if line["account"] in SETTLED_ACCOUNTS]
            return all(Money.parse(line["balance"], line["currency"]).minor == 0 for line in open_)

        book = auditor.until(lambda: auditor.get("/v1/audit/trial-balance"), settled)
        assert all(Money.parse(rest, currency).minor == 0 for currency, rest in book["difference"].items())
        self.report.did("ledger", "debits less credits 0.00; no loan, interest or payable is open")
        self.report.facts["trial_balance_difference"] = book["difference"]


SETTLED_ACCOUNTS = frozenset({"1122", "1132.01", "1132.02", "1303", "2241.01", "2241.02"})
"""Accounts that are nil once every loan is repaid and every holder paid."""


def _hash(text: str) -> str:
    return f"{text[:14]}…"


def _kg(text: str) -> int:
    return int(text.replace(".", ""))
