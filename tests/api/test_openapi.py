"""The OpenAPI document tells the truth: schemathesis calls every operation of a running installation.

Bounded and seeded. Checked: no 500, only documented statuses, media types, headers and bodies; input that breaks the
schema is refused; and nothing that needs a token answers without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from chainfin.eth.keys import new_private_key
from tests.api.conftest import make_context
from tests.api.generated_input import ids_in, plausible, signed_in
from tests.api.world import World, build

SEED = 20261121
EXAMPLES = 6
_TRUE = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_OPERATIONS = [
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/v1/clock"),
    ("POST", "/v1/clock"),
    ("POST", "/v1/auth/nonce"),
    ("POST", "/v1/auth/wallet"),
    ("POST", "/v1/auth/token"),
    ("POST", "/v1/clients"),
    ("GET", "/v1/clients"),
    ("DELETE", "/v1/clients/{client_id}"),
    ("POST", "/v1/participants"),
    ("GET", "/v1/participants"),
    ("GET", "/v1/participants/{participant_id}"),
    ("POST", "/v1/participants/{participant_id}/consent"),
    ("GET", "/v1/participants/{participant_id}/admission"),
    ("POST", "/v1/participants/{participant_id}/admission"),
    ("POST", "/v1/participants/{participant_id}/admission/withdrawal"),
    ("POST", "/v1/participants/{participant_id}/name"),
    ("GET", "/v1/participants/{participant_id}/aliases"),
    ("POST", "/v1/participants/{participant_id}/aliases"),
    ("POST", "/v1/participants/{participant_id}/aliases/removal"),
    ("POST", "/v1/participants/{participant_id}/account"),
    ("POST", "/v1/participants/{participant_id}/suspend"),
    ("POST", "/v1/participants/{participant_id}/resume"),
    ("GET", "/v1/participants/{participant_id}/standing"),
    ("GET", "/v1/pauses"),
    ("POST", "/v1/pauses"),
    ("GET", "/v1/acts"),
    ("GET", "/v1/acts/{act_id}"),
    ("POST", "/v1/acts/{act_id}/signature"),
    ("POST", "/v1/orders"),
    ("GET", "/v1/orders"),
    ("GET", "/v1/orders/{order_id}"),
    ("POST", "/v1/orders/{order_id}/acknowledgement"),
    ("POST", "/v1/orders/{order_id}/amendment"),
    ("POST", "/v1/orders/{order_id}/cancellation"),
    ("POST", "/v1/orders/{order_id}/despatches"),
    ("POST", "/v1/orders/{order_id}/receipts"),
    ("POST", "/v1/receivables"),
    ("GET", "/v1/receivables"),
    ("GET", "/v1/receivables/{receivable_id}"),
    ("GET", "/v1/receivables/{receivable_id}/opening"),
    ("GET", "/v1/receivables/{receivable_id}/payment"),
    ("POST", "/v1/receivables/{receivable_id}/confirmation"),
    ("POST", "/v1/receivables/{receivable_id}/dispute"),
    ("POST", "/v1/receivables/{receivable_id}/cancellation"),
    ("POST", "/v1/receivables/{receivable_id}/dispute-resolution"),
    ("POST", "/v1/receivables/{receivable_id}/splits"),
    ("GET", "/v1/receivables/{receivable_id}/parts"),
    ("POST", "/v1/receivables/{receivable_id}/transfer"),
    ("POST", "/v1/receivables/{receivable_id}/default"),
    ("POST", "/v1/receivables/{receivable_id}/credit-notes"),
    ("POST", "/v1/warehouse-receipts"),
    ("GET", "/v1/warehouse-receipts"),
    ("GET", "/v1/warehouse-receipts/{receipt_id}"),
    ("POST", "/v1/warehouse-receipts/{receipt_id}/releases"),
    ("POST", "/v1/warehouse-receipts/{receipt_id}/transfer"),
    ("GET", "/v1/pledges"),
    ("GET", "/v1/pledges/{pledge_id}"),
    ("POST", "/v1/pledges/{pledge_id}/releases"),
    ("POST", "/v1/pledges/{pledge_id}/enforcement"),
    ("POST", "/v1/pledges/{pledge_id}/expiry"),
    ("POST", "/v1/pledges/{pledge_id}/undertakings"),
    ("GET", "/v1/pledges/{pledge_id}/undertakings"),
    ("POST", "/v1/pledges/{pledge_id}/undertakings/{buyer_id}/agreement"),
    ("POST", "/v1/pledges/{pledge_id}/sales"),
    ("GET", "/v1/pledges/{pledge_id}/sales"),
    ("GET", "/v1/pledges/late"),
    ("POST", "/v1/warehouse-receipts/{receipt_id}/inspections"),
    ("POST", "/v1/warehouse-receipts/{receipt_id}/insurance"),
    ("GET", "/v1/warehouse-receipts/{receipt_id}/care"),
    ("POST", "/v1/pledges/{pledge_id}/returns"),
    ("POST", "/v1/pledges/{pledge_id}/withdrawals"),
    ("POST", "/v1/loans/{loan_id}/minimum"),
    ("POST", "/v1/warehouse-receipts/{receipt_id}/buy-back-promises"),
    ("GET", "/v1/warehouse-receipts/{receipt_id}/buy-back-promises"),
    ("POST", "/v1/warehouse-receipts/buy-back-promises/{promise_id}/withdrawal"),
    ("GET", "/v1/pledges/{pledge_id}/returns"),
    ("POST", "/v1/pledges/sales/{sale_id}/agreement"),
    ("POST", "/v1/pledges/sales/{sale_id}/withdrawal"),
    ("POST", "/v1/substitutions"),
    ("GET", "/v1/substitutions"),
    ("GET", "/v1/substitutions/{substitution_id}"),
    ("POST", "/v1/substitutions/{substitution_id}/accept"),
    ("POST", "/v1/substitutions/{substitution_id}/withdrawal"),
    ("POST", "/v1/warehouse-receipts/{receipt_id}/counts"),
    ("POST", "/v1/warehouse-receipts/{receipt_id}/corrections"),
    ("POST", "/v1/persons"),
    ("GET", "/v1/persons"),
    ("POST", "/v1/persons/{person_id}/clients"),
    ("POST", "/v1/persons/{person_id}/suspend"),
    ("GET", "/v1/proposals"),
    ("GET", "/v1/proposals/{proposal_id}"),
    ("POST", "/v1/proposals/{proposal_id}/approve"),
    ("POST", "/v1/proposals/{proposal_id}/reject"),
    ("POST", "/v1/price-sources"),
    ("GET", "/v1/price-sources"),
    ("POST", "/v1/prices"),
    ("POST", "/v1/prices/{price_id}/withdrawal"),
    ("GET", "/v1/prices"),
    ("POST", "/v1/limits"),
    ("GET", "/v1/limits"),
    ("POST", "/v1/mandates"),
    ("GET", "/v1/mandates"),
    ("GET", "/v1/mandates/{mandate_id}"),
    ("POST", "/v1/mandates/{mandate_id}/signature"),
    ("POST", "/v1/mandates/{mandate_id}/revoke"),
    ("POST", "/v1/mandates/{mandate_id}/revocation/signature"),
    ("GET", "/v1/funding"),
    ("GET", "/v1/funding/instruction"),
    ("POST", "/v1/funding/sandbox-deposits"),
    ("POST", "/v1/debtor-lines"),
    ("GET", "/v1/debtor-lines"),
    ("GET", "/v1/debtor-lines/{debtor_id}"),
    ("POST", "/v1/applications"),
    ("GET", "/v1/applications"),
    ("GET", "/v1/applications/{application_id}"),
    ("GET", "/v1/applications/{application_id}/events"),
    ("POST", "/v1/applications/{application_id}/accept"),
    ("POST", "/v1/applications/{application_id}/withdrawal"),
    ("POST", "/v1/applications/{application_id}/appeals"),
    ("POST", "/v1/applications/{application_id}/decision"),
    ("GET", "/v1/offers/{offer_id}"),
    ("GET", "/v1/loans"),
    ("GET", "/v1/loans/{loan_id}"),
    ("GET", "/v1/loans/{loan_id}/schedule"),
    ("GET", "/v1/loans/{loan_id}/statement"),
    ("GET", "/v1/loans/{loan_id}/margin-calls"),
    ("POST", "/v1/loans/{loan_id}/top-ups"),
    ("GET", "/v1/loans/{loan_id}/payoff"),
    ("POST", "/v1/loans/{loan_id}/repayments"),
    ("GET", "/v1/audit/loans/{loan_id}/bundle"),
    ("GET", "/v1/audit/reconciliation"),
    ("GET", "/v1/audit/trial-balance"),
    ("GET", "/v1/audit/daily-roots/{day}"),
    ("GET", "/v1/periods"),
    ("POST", "/v1/periods/{period}/close"),
    ("GET", "/v1/policies"),
    ("GET", "/v1/policies/{policy_id}"),
    ("GET", "/v1/goods"),
    ("GET", "/v1/goods/{code}"),
    ("GET", "/v1/products"),
    ("GET", "/v1/products/{document_id}"),
    ("POST", "/v1/webhooks"),
    ("GET", "/v1/webhooks"),
    ("GET", "/v1/webhooks/{webhook_id}"),
    ("DELETE", "/v1/webhooks/{webhook_id}"),
    ("POST", "/v1/webhooks/{webhook_id}/rotate"),
    ("POST", "/v1/webhooks/{webhook_id}/disable"),
    ("POST", "/v1/webhooks/{webhook_id}/enable"),
    ("POST", "/v1/webhooks/{webhook_id}/replay"),
    ("GET", "/v1/webhooks/{webhook_id}/deliveries"),
    ("GET", "/v1/parked"),
    ("POST", "/v1/parked/{parked_id}/retry"),
    ("POST", "/v1/parked/{parked_id}/resolve"),
    ("POST", "/v1/parked/{parked_id}/allocation"),
    ("POST", "/v1/parked/{parked_id}/outcome"),
    ("POST", "/v1/parked/{parked_id}/payee"),
    ("POST", "/v1/parked/{parked_id}/passed-on"),
    ("POST", "/v1/parked/{parked_id}/settlement"),
    ("POST", "/v1/parked/{parked_id}/return"),
    ("POST", "/v1/bank-orders/{number}/write-again"),
    ("POST", "/v1/bank-files"),
    ("GET", "/v1/bank-files/{file_id}"),
    ("POST", "/v1/bank-files/comparison"),
    ("GET", "/v1/bank-statements"),
    ("POST", "/v1/sandbox/payments"),
    ("GET", "/v1/sandbox/statement"),
    ("POST", "/v1/sandbox/consents"),
]
_ACTORS = {
    "/v1/participants": "operator",
    "/v1/clients": "operator",
    "/v1/warehouse-receipts": "keeper",
    "/v1/warehouse-receipts/{receipt_id}/corrections": "keeper",
    "/v1/warehouse-receipts/{receipt_id}/counts": "keeper",
    "/v1/warehouse-receipts/{receipt_id}/inspections": "keeper",
    "/v1/warehouse-receipts/{receipt_id}/insurance": "keeper",
    "/v1/warehouse-receipts/{receipt_id}/buy-back-promises": "core",
    "/v1/warehouse-receipts/buy-back-promises/{promise_id}/withdrawal": "core",
    "/v1/prices": "lender",
    "/v1/prices/{price_id}/withdrawal": "lender",
    "/v1/persons": "operator",
    "/v1/price-sources": "operator",
    "/v1/proposals/{proposal_id}": "operator",
    "/v1/proposals/{proposal_id}/approve": "operator",
    "/v1/limits": "lender",
    "/v1/mandates": "lender",
    "/v1/mandates/{mandate_id}": "lender",
    "/v1/mandates/{mandate_id}/signature": "lender",
    "/v1/mandates/{mandate_id}/revoke": "lender",
    "/v1/mandates/{mandate_id}/revocation/signature": "lender",
    "/v1/periods/{period}/close": "operator",
    "/v1/funding": "lender",
    "/v1/funding/instruction": "lender",
    "/v1/funding/sandbox-deposits": "lender",
    "/v1/debtor-lines": "lender",
    "/v1/substitutions": "lender",
    "/v1/orders/{order_id}/amendment": "core",
    "/v1/orders/{order_id}/cancellation": "core",
    "/v1/orders/{order_id}/receipts": "core",
    "/v1/receivables/{receivable_id}/confirmation": "core",
    "/v1/receivables/{receivable_id}/dispute-resolution": "core",
    "/v1/participants/{participant_id}/account": "operator",
    "/v1/participants/{participant_id}/name": "operator",
    "/v1/participants/{participant_id}/admission": "operator",
    "/v1/participants/{participant_id}/admission/withdrawal": "operator",
    "/v1/pledges/{pledge_id}/releases": "lender",
    "/v1/pledges/{pledge_id}/enforcement": "lender",
    "/v1/loans/{loan_id}/minimum": "lender",
    "/v1/pledges/{pledge_id}/undertakings": "core",
    "/v1/pledges/{pledge_id}/sales": "lender",
    "/v1/applications/{application_id}/decision": "lender",
    "/v1/parked": "operator",
    "/v1/parked/{parked_id}/retry": "operator",
    "/v1/parked/{parked_id}/resolve": "operator",
    "/v1/parked/{parked_id}/allocation": "operator",
    "/v1/parked/{parked_id}/outcome": "operator",
    "/v1/parked/{parked_id}/payee": "operator",
    "/v1/parked/{parked_id}/passed-on": "operator",
    "/v1/parked/{parked_id}/settlement": "operator",
    "/v1/parked/{parked_id}/return": "operator",
    "/v1/bank-orders/{number}/write-again": "operator",
    "/v1/bank-files": "operator",
    "/v1/bank-files/{file_id}": "operator",
    "/v1/bank-files/comparison": "operator",
    "/v1/bank-statements": "operator",
    "/v1/audit/trial-balance": "auditor",
    "/v1/audit/daily-roots/{day}": "auditor",
    "/v1/audit/reconciliation": "auditor",
}
"""Who calls what; the supplier, where nobody is named. Never the operator on the clock (time would run away), nor
on suspensions and pauses (nothing else would happen any more)."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A world of its own: here things are changed at random."""
    with ExitStack() as stack:
        yield build(stack)


@pytest.fixture(scope="module")
def document(world: World) -> Any:
    return world.stage.http.get("/openapi.json").json()


@pytest.fixture(scope="module")
def schema(document: Any) -> Any:
    return schemathesis.openapi.from_dict(signed_in(document))


def test_operations__of_the_document__are_all_called_here(document: Any) -> None:
    documented = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert documented == set(_OPERATIONS)


def _call(world: World, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, *, known: bool) -> None:
    """Call ``operation`` with generated input; ``known``: on things that exist."""
    ids = ids_in(world, operation.path) if known else {}
    given_path: dict[str, Any] = {"path_parameters": ids} if ids else {}
    strategy = operation.as_strategy(generation_mode=mode, **given_path)
    checks = [*_TRUE, negative_data_rejection] if mode is GenerationMode.NEGATIVE else _TRUE
    token = world.headers(_ACTORS.get(operation.path, "supplier"))

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(case=strategy)
    def run(case: Case[Any]) -> None:
        # generated keys are mostly alike, and all that would be seen is that they were used before
        fresh = {"Idempotency-Key": uuid4().hex} if mode is GenerationMode.POSITIVE else {}
        if known and mode is GenerationMode.POSITIVE:
            case.body = plausible(world, case.body)
        answer = case.call(base_url=str(world.stage.http.base_url), headers=token | fresh, timeout=20)
        case.validate_response(answer, checks=checks)

    run()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
@pytest.mark.parametrize(("method", "path"), _OPERATIONS)
def test_operation__with_generated_input__answers_as_documented(
    world: World, schema: Any, method: str, path: str, mode: GenerationMode
) -> None:
    operation = schema[path][method]
    takes_input = operation.body or operation.query or operation.path_parameters or operation.headers
    if mode is GenerationMode.NEGATIVE and not takes_input:
        pytest.skip("takes no input that could be wrong")
    print(f"seed {SEED}")
    # of what has nothing but a path, only the path can be wrong
    fixed = bool(operation.body or operation.query) or mode is GenerationMode.POSITIVE
    _call(world, operation, mode, known=fixed)
    if ids_in(world, path) and mode is GenerationMode.POSITIVE:
        _call(world, operation, mode, known=False)


@pytest.mark.parametrize(("method", "path"), _OPERATIONS)
def test_operation__that_needs_a_token__without_one_refused(
    world: World, document: Any, method: str, path: str
) -> None:
    secured = "security" in document["paths"][path][method.lower()]
    answer = world.stage.http.request(method, path.format_map({**ids_in(world, path), "client_id": "x"}))
    assert (answer.status_code == 401) == secured
    if secured:
        assert answer.json()["code"] == "token_missing"


def test_openapi__of_an_idle_application__needs_no_network(tmp_path: Any) -> None:
    app = create_app(make_context(tmp_path, new_private_key()))
    assert len(app.openapi()["paths"]) > 40
