"""Check an evidence bundle offline: no network, no database, nothing of the service that made it.

What is believed: the header that the auditor gives (``trusted_headers``), the partners' keys that it gives, and this
program (its policies and contract ABIs). What can't be compared without one of these is reported as not compared.
A bundle can't show that nothing else happened to the loan: `reconcile` looks at everything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

from chainfin.audit.books import check_books
from chainfin.audit.bundle import Bundle, digests, read, record_of
from chainfin.audit.collateral import check_asset, check_named, check_pledge
from chainfin.audit.deal import check_acceptance, check_decision, check_parties_opened, check_terms
from chainfin.audit.facts import Trust, prove
from chainfin.audit.mandate import check_mandate
from chainfin.audit.money_trail import check_payments, check_registry
from chainfin.audit.report import Findings, Report
from chainfin.audit.securities import securities
from chainfin.audit.signatures import check_acts
from chainfin.audit.trade_documents import check_documents
from chainfin.errors import BadInput, Refused
from chainfin.jws import TrustedKeys
from chainfin.values.product import Product


def verify(
    bundle_bytes: bytes,
    trusted_headers: Collection[str] = (),
    partner_keys: Collection[str] = (),
    trusted_contracts: Mapping[str, str] | None = None,
    trusted_code: Mapping[str, str] | None = None,
) -> Report:
    """The report on a bundle. ``trusted_headers``: 0x-hashes of the head block(s), learnt from a node of one's own;
    ``partner_keys``: hex of Ed25519 keys; ``trusted_contracts``: name → address; ``trusted_code``: name → keccak256 of
    the code there. Never raises on a bad bundle.

    Raises BadInput partner_key_malformed (the auditor's own input).
    """
    keys = TrustedKeys(partner_keys)
    findings = Findings()
    try:
        bundle, content = read(bundle_bytes)
    except BadInput as error:
        findings.check("bundle", False, f"{error.message}" + (f" ({error.where})" if error.where else ""))
        return findings.report()
    findings.check("bundle", True, f"{len(bundle_bytes)} bytes of canonical JSON")
    found = digests(content)
    for name in sorted(found.keys() | bundle.seal.keys()):
        findings.check(f"seal of {name}", bundle.seal.get(name) == found.get(name), str(found.get(name)))
    with findings.attempt("bundle: readable"):
        trust = Trust(frozenset(hash_.lower() for hash_ in trusted_headers), trusted_contracts, trusted_code)
        _check(bundle, keys, trust, findings)
    return findings.report()


def _check(
    bundle: Bundle,
    keys: TrustedKeys,
    trust: Trust,
    findings: Findings,
) -> None:
    proven = prove(bundle.chain, findings, trust)
    unsecured = Product(bundle.loan.product).pledges_nothing
    secured = securities(proven, unsecured=unsecured)
    party_keys = check_acts(bundle.acts, bundle.chain, proven, secured, findings)
    known = check_parties_opened(bundle, proven, findings)
    documents = check_documents(bundle.documents, proven, findings)
    anchored = None
    with findings.attempt("deal"):
        if unsecured:
            anchored = check_acceptance(bundle, proven, party_keys, known, findings)
        elif secured:
            anchored = secured[0].pledged.text("decisionHash")
        else:
            raise Refused("fact_missing", "there is no proven Pledges.Pledged")
    outcome = None if anchored is None else check_decision(bundle, anchored, proven, findings)
    if outcome is None:
        findings.check("decision", False, "there is no decision that holds")
    else:
        with findings.attempt("terms: decided"):
            record = record_of(bundle).as_dict()
            decided = dt.datetime.fromisoformat(record["decided_at"]).astimezone(dt.UTC).date()
            check_terms(bundle, outcome, decided, str(anchored), findings)
    with findings.attempt("mandate"):
        check_mandate(bundle, party_keys, known, findings)
    check_named(secured, proven, findings)
    for security in secured:
        own = security.among(findings)
        findings.facts[f"security {security.number}"] = security.reply
        with own.attempt("pledge"):
            check_pledge(bundle, security, outcome, proven, known, own)
        with own.attempt(security.part):
            check_asset(bundle, security, proven, documents, known, own)
    with findings.attempt("registry"):
        check_registry(bundle, secured, proven, keys, known, findings)
    with findings.attempt("payments"):
        check_payments(bundle, proven, secured, keys, findings)
    loan = None
    with findings.attempt("ledger"):
        loan = check_books(bundle, [security.id for security in secured], findings)
    if loan is not None:
        findings.facts["loan"] = f"{loan.id} {loan.state}, principal outstanding {loan.outstanding} {loan.currency}"
