"""Parts of the verifier on made-up facts: what it refuses, by name."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chainfin.audit.bundle import MAX_BYTES, ActPart, ChainPart, ContractPart, DocumentPart, EvidencePart, read
from chainfin.audit.cli_view import report_lines
from chainfin.audit.facts import Fact, ProvenFacts, Trust, prove
from chainfin.audit.money_trail import settlement_reference
from chainfin.audit.partners import read_evidence
from chainfin.audit.report import Findings, Report, State
from chainfin.audit.signatures import check_acts
from chainfin.audit.trade_documents import TradeDocument, check_documents, check_invoice, check_receipts
from chainfin.audit.verify import verify
from chainfin.documents.commitment import commit_fields, disclose
from chainfin.errors import BadInput, Refused
from chainfin.eth import eip712
from chainfin.eth.keys import address_of
from chainfin.jws import TrustedKeys, key_id, sign
from chainfin.resources import CONTRACTS

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROOT, ORDER = "0x" + "01" * 32, "0x" + "02" * 32
BUYER_KEY, OTHER_KEY = b"\x11" * 32, b"\x22" * 32
ADDRESS = "0x" + "33" * 20


def wrong(findings: Findings) -> list[str]:
    return [check.name for check in findings.report().failures]


# The file -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "bundle_not_json"),
        (b"\xff\xfe", "bundle_not_json"),
        (b"[" * 100_000, "bundle_not_json"),
        (b'{"a":1.5}', "bundle_not_canonical"),
        (b'{"b":1,"a":2}', "bundle_not_canonical"),
        (b'{"a": 1}', "bundle_not_canonical"),
        (b'{"a":1,"a":1}', "bundle_not_canonical"),
        (b"[]", "bundle_malformed"),
        (b"{}", "bundle_malformed"),
        (b'{"schema":"chainfin.evidence/2"}', "bundle_malformed"),
        (b" " * (MAX_BYTES + 1), "bundle_too_large"),
    ],
)
def test_read__not_a_bundle__refused(data: bytes, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(data)
    assert caught.value.code == code
    report = verify(data)
    assert [check.name for check in report.failures] == ["bundle"]
    assert "REFUSED: bundle" in report_lines(report)[-1]


def test_read__nested_without_end_where_the_recursion_limit_was_raised__refused() -> None:
    """The EVM raises the limit; the standard library's decoder then runs over the end of the stack."""
    before = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(10**6)
        with pytest.raises(BadInput) as caught:
            read(b"[" * 1_000_000)
    finally:
        sys.setrecursionlimit(before)
    assert caught.value.code == "bundle_not_json"


def test_report__without_checks__is_not_ok() -> None:
    assert not Report(()).ok


def test_findings__equal__types_count() -> None:
    findings = Findings()
    findings.equal("one", True, 1)
    findings.equal("two", 1, 1)
    assert wrong(findings) == ["one"]


@pytest.mark.parametrize("error", [Refused("some_code", "no"), KeyError("x"), ValueError("x"), RecursionError()])
def test_findings__hostile_value__one_failed_check(error: Exception) -> None:
    findings = Findings()
    with findings.attempt("thing"):
        raise error
    findings.check("next", True, "goes on")
    assert [check.state for check in findings.checks] == [State.FAILED, State.OK]


# The chain ------------------------------------------------------------------------------------------------------------


def chain_part(**changes: Any) -> ChainPart:
    contracts = {name: ContractPart(address=ADDRESS, code_hash=ROOT) for name in CONTRACTS}
    body = {"chain_id": 1, "contracts": contracts, "headers": [], "receipts": [], "facts": []}
    return ChainPart(**{**body, **changes})


def test_chain__no_headers__refused() -> None:
    findings = Findings()
    prove(chain_part(), findings, Trust())
    assert "chain: trusted header" in wrong(findings)


@pytest.mark.parametrize("headers", [[[]], [["0x"]], [["0xc0"]], [["0xff"]]])
def test_chain__headers_that_are_none__refused(headers: list[list[str]]) -> None:
    findings = Findings()
    prove(chain_part(headers=headers), findings, Trust())
    assert "chain: headers 1 of 1" in wrong(findings)


def test_chain__fact_without_receipt__refused() -> None:
    findings = Findings()
    facts = [{"event": "Pledges.Pledged", "receipt": 3, "log": 0}]
    story = prove(chain_part(facts=facts), findings, Trust())
    assert "chain: proof of Pledges.Pledged" in wrong(findings)
    assert story.facts == ()


def test_chain__receipt_of_an_unlinked_block__says_header_hash() -> None:
    findings = Findings()
    part = chain_part(
        receipts=[{"block": 7, "index": 0, "nodes": []}], facts=[{"event": "Orders.Posted", "receipt": 0, "log": 0}]
    )
    prove(part, findings, Trust())
    (detail,) = [c.what for c in findings.report().failures if c.name == "chain: proof of Orders.Posted"]
    assert detail.startswith("header hash")


# Signatures -----------------------------------------------------------------------------------------------------------


def fact(number: int, event: str, block: int, **args: Any) -> Fact:
    return Fact(number, event, args, (block, 0, 0), AT)


def story(*more: Fact) -> ProvenFacts:
    admitted = fact(0, "Participants.Admitted", 1, party=2, commitment=ROOT, roles=1, key=address_of(BUYER_KEY))
    detail = {"documentRoot": ROOT, "amount": 5, "currency": "0x434e59"}
    posted = fact(1, "Orders.Posted", 2, orderId=ORDER, buyer=2, seller=3, **detail)
    return ProvenFacts((admitted, posted, *more), {})


def post_act(key: bytes = BUYER_KEY, *, deadline: int = int(AT.timestamp()), **changes: Any) -> ActPart:
    params = {"orderId": ORDER, "seller": 3, "documentRoot": ROOT, "amount": 5, "currency": "0x434e59", **changes}
    domain = eip712.Domain("Orders", 1, ADDRESS)
    data = eip712.typed_data(eip712.act_type("Orders", "post"), params, 9, deadline, domain)
    return ActPart(fact=1, typed_data=data, signature="0x" + eip712.sign(data, key).hex())


def signatures(*given: ActPart, facts: ProvenFacts | None = None) -> list[str]:
    findings = Findings()
    check_acts(list(given), chain_part(), facts or story(), [], findings)
    return wrong(findings)


def test_signature__of_the_buyer__holds() -> None:
    assert signatures(post_act()) == []


@pytest.mark.parametrize(
    "act",
    [
        post_act(OTHER_KEY),
        post_act(amount=6),
        post_act(deadline=int(AT.timestamp()) - 1),
        post_act().model_copy(update={"signature": "0x00"}),
        post_act().model_copy(update={"fact": 8}),
        post_act().model_copy(update={"typed_data": {}}),
        post_act().model_copy(update={"typed_data": {**post_act().typed_data, "more": 1}}),
    ],
)
def test_signature__of_another_or_over_something_else__named(act: ActPart) -> None:
    assert any(name.startswith("signature of") for name in signatures(act))


def test_signature__missing__named() -> None:
    assert signatures() == ["signature of Post"]


def test_signature__by_a_key_that_was_rotated_away__refused() -> None:
    rotated = fact(2, "Participants.KeyRotated", 1, party=2, oldKey=address_of(BUYER_KEY), newKey=address_of(OTHER_KEY))
    before = ProvenFacts((story().facts[0], rotated, story().facts[1]), {})
    assert signatures(post_act(), facts=before) == ["signature of Post"]
    assert signatures(post_act(OTHER_KEY), facts=before) == []
    later = fact(2, "Participants.KeyRotated", 3, party=2, oldKey=address_of(BUYER_KEY), newKey=address_of(OTHER_KEY))
    assert signatures(post_act(), facts=story(later)) == []


def test_signature__of_a_party_never_admitted__refused() -> None:
    assert signatures(post_act(), facts=ProvenFacts((story().facts[1],), {})) == [
        "signature of Post",
        "signature of Post",
    ]


# Documents ------------------------------------------------------------------------------------------------------------

INVOICE = {
    "kind": "invoice", "id": "INV-1", "currency": "CNY", "due_date": "2026-05-31", "totals": {"payable": "100.00"},
    "references": {"orders": ["PO-1"]},
}  # fmt: skip


def issued(face: int = 100_00, due_day: int = 20604, root: str = ROOT) -> Fact:
    return fact(1, "Receivables.Issued", 3, id=ORDER, documentRoot=root, face=face, dueDay=due_day)


def disclosed(body: dict[str, Any], face: int = 100_00, **changes: Any) -> tuple[DocumentPart, ProvenFacts]:
    commitment = commit_fields(body, b"\7" * 32)
    fields = [disclose(commitment, leaf.path).to_json() for leaf in commitment.leaves]
    fields = [{**field, **changes} if field["path"] == "/totals/payable" else field for field in fields]
    return DocumentPart(fact=1, fields=fields), ProvenFacts((issued(face, root="0x" + commitment.root.hex()),), {})


def test_document__honest__fields_are_read() -> None:
    part, facts = disclosed(INVOICE)
    findings = Findings()
    (document,) = check_documents([part], facts, findings)
    assert wrong(findings) == []
    assert document.text("/totals/payable") == "100.00"


@pytest.mark.parametrize(
    "changes",
    [
        {"value": "200.00"},
        {"salt": "0x" + "00" * 32},
        {"proof": []},
        {"index": 0},
        {"count": 999},
        {"value": None},
        {"extra": 1},
    ],
)
def test_document__field_changed__named(changes: dict[str, Any]) -> None:
    part, facts = disclosed(INVOICE, **changes)
    findings = Findings()
    assert check_documents([part], facts, findings) == []
    assert "document invoice: disclosure /totals/payable" in wrong(findings)


def test_document__of_another_kind__refused() -> None:
    part, facts = disclosed({**INVOICE, "kind": "credit_note"})
    findings = Findings()
    assert check_documents([part], facts, findings) == []
    assert wrong(findings) == ["document invoice: disclosure /kind"]


def invoice_checks(face: int, **changes: str) -> list[str]:
    fields = {
        "/id": "INV-1", "/currency": "CNY", "/totals/payable": "100.00", "/due_date": "2026-05-31",
        "/references/orders/0": "PO-1", **changes,
    }  # fmt: skip
    findings = Findings()
    order = TradeDocument("order", story().facts[1], {"/id": "PO-1"})
    check_invoice(TradeDocument("invoice", issued(face), fields), order, "CNY", findings)
    return wrong(findings)


@pytest.mark.parametrize(
    ("face", "changes", "names"),
    [
        (100_00, {}, []),
        (90_00, {}, []),
        (100_01, {}, ["document invoice: payable"]),
        (100_00, {"/currency": "USD"}, ["document invoice: currency", "document invoice: payable"]),
        (100_00, {"/due_date": "2026-06-01"}, ["document invoice: due date"]),
        (100_00, {"/references/orders/0": "PO-2"}, ["document invoice: order"]),
    ],
)
def test_invoice__against_the_receivable__held(face: int, changes: dict[str, str], names: list[str]) -> None:
    assert invoice_checks(face, **changes) == names


@pytest.mark.parametrize(
    ("received", "rejected", "unit", "names"),
    [
        ("100", "0", "KGM", []),
        ("110", "10", "KGM", []),
        ("101", "0", "KGM", ["documents: quantities"]),
        ("100", "0", "TNE", ["documents: quantities"]),
    ],
)
def test_receipts__against_the_order__held(received: str, rejected: str, unit: str, names: list[str]) -> None:
    line = "/lines/0/"
    order = TradeDocument(
        "order", story().facts[1], {line + "id": "1", line + "quantity": "100", line + "unit_code": "KGM"}
    )
    fields = {line + "order_line_ref": "1", line + "quantity": received, line + "rejected": rejected}
    receipt = TradeDocument("receipt_advice", story().facts[1], {**fields, line + "unit_code": unit})
    findings = Findings()
    check_receipts(order, [receipt], findings)
    assert wrong(findings) == names


# Partners -------------------------------------------------------------------------------------------------------------


def evidence(key: Ed25519PrivateKey, body: str) -> EvidencePart:
    identity = key_id(key.public_key().public_bytes_raw())
    return EvidencePart(body=body, signature=sign(key, body.encode()), key_id=identity)


def test_partner__signed_answer__read() -> None:
    key = Ed25519PrivateKey.generate()
    findings = Findings()
    keys = TrustedKeys([key.public_key().public_bytes_raw().hex()])
    assert read_evidence("bank", evidence(key, '{"kind":"payment"}'), keys, findings) == {"kind": "payment"}
    assert wrong(findings) == []


def test_partner__changed_answer_or_other_key__refused() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    honest = evidence(key, '{"kind":"payment"}')
    for given, signer in ((honest.model_copy(update={"body": '{"kind":"paymenu"}'}), key), (honest, other)):
        findings = Findings()
        read_evidence("bank", given, TrustedKeys([signer.public_key().public_bytes_raw().hex()]), findings)
        assert wrong(findings) == ["bank: signature"]


def test_partner__no_key_given__said() -> None:
    findings = Findings()
    read_evidence("bank", evidence(Ed25519PrivateKey.generate(), "{}"), TrustedKeys([]), findings)
    assert [check.name for check in findings.report().not_compared] == ["bank: signature"]


@pytest.mark.parametrize("body", ["", "[]", "nonsense"])
def test_partner__text_that_is_no_answer__refused(body: str) -> None:
    with pytest.raises(Refused) as caught:
        read_evidence("bank", evidence(Ed25519PrivateKey.generate(), body), TrustedKeys([]), Findings())
    assert caught.value.code == "partner_answer_malformed"


@pytest.mark.parametrize("key", ["zz", "11", "0x"])
def test_partner__malformed_key__bad_input(key: str) -> None:
    with pytest.raises(BadInput) as caught:
        verify(json.dumps({}).encode(), [], [key])
    assert caught.value.code == "partner_key_malformed"


def test_settlement_reference__of_free_and_pledged_part__differ() -> None:
    assert settlement_reference("B1", ROOT, "") != settlement_reference("B1", ROOT, ORDER)
