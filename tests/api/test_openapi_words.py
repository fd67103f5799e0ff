"""The OpenAPI document says what everything means: fields, operations, and an example of what goes in and comes out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import jsonschema_rs
import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api import examples
from api.app import describe
from api.openapi import operation_id
from api.routers import all_routers
from api.schemas.auth import TokenIn
from api.schemas.lending import EndEvent, NodeEvent

LEAST_DESCRIBED = 0.95


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe()


def _fields(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for form, schema in document["components"]["schemas"].items():
        for name, field in schema.get("properties", {}).items():
            yield form, name, field


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_fields__of_all_forms__say_what_they_mean(document: dict[str, Any]) -> None:
    bare = [f"{form}.{name}" for form, name, field in _fields(document) if not field.get("description")]
    count = sum(1 for _ in _fields(document))
    assert count > 500
    assert len(bare) <= (1 - LEAST_DESCRIBED) * count, bare


def test_fields__their_words__say_more_than_their_name(document: dict[str, Any]) -> None:
    said = ((form, name, field["description"]) for form, name, field in _fields(document) if "description" in field)
    plain = re.compile(r"[^a-z]+")
    echoed = [
        f"{form}.{name}"
        for form, name, words in said
        if plain.sub("", words.lower().removeprefix("the ")) == plain.sub("", name.lower())
    ]
    assert not echoed


def test_field_words__each__is_said_of_a_field_or_parameter_that_is_there(document: dict[str, Any]) -> None:
    inline = {form.__name__: form.model_json_schema() for form in (NodeEvent, EndEvent, TokenIn)}
    forms = {**document["components"]["schemas"], **inline}
    known = {f"{form}.{name}" for form, schema in forms.items() for name in schema.get("properties", {})}
    known |= {name for schema in forms.values() for name in schema.get("properties", {})}
    known |= {each["name"] for _, operation in _operations(document) for each in operation.get("parameters", ())}
    for _, operation in _operations(document):  # forms that several operations share
        for content in operation.get("requestBody", {}).get("content", {}).values():
            known |= {f"{operation['operationId']}.{field}" for field in content["example"]}
    assert not sorted(examples.words().keys() - known)


def test_operations__each__says_what_it_does(document: dict[str, Any]) -> None:
    silent = [name for name, operation in _operations(document) if not operation.get("description")]
    assert not silent


def test_summaries__of_operations__are_short_statements_and_all_different(document: dict[str, Any]) -> None:
    told = {operation["operationId"]: operation["summary"] for _, operation in _operations(document)}
    assert not {name: words for name, words in told.items() if not 12 <= len(words) <= 80 or " " not in words}
    assert len(set(told.values())) == len(told)
    named = [name for name, words in told.items() if name.endswith("_" + words.lower().replace(" ", "_"))]
    assert not named, "the name of a function in the code says nothing to who reads the API"


_KINDS = {
    "0x": r"0x[0-9a-f]{64}",
    "act": r"act_\w+", "app": r"app_\w+", "cli": r"cli_\w+", "loan": r"loan_\w+", "man": r"man_\w+", "off": r"off_\w+",
    "park": r"park_\w+", "per": r"per_\w+", "ppl": r"ppl_\w+", "pty": r"pty_\w+", "sal": r"sal_\w+", "sub": r"sub_\w+",
    "whk": r"whk_\w+", "evt": r"evt_\w+", "fnd": r"fnd_\w+", "lim": r"lim_\w+", "stm": r"stm_\w+", "call": r"call_\w+",
    "inc": r"inc_\w+", "bbp": r"bbp_\w+", "ins": r"ins_\w+", "pol": r"pol_\w+", "ret": r"ret_\w+", "bfl": r"bfl_\w+",
}  # fmt: skip
"""What ids of each kind look like, by the prefix that the service gives them."""
_IDS = {
    "act_id": "act", "application_id": "app", "asset_id": "0x", "borrower_id": "pty", "buyer_id": "pty",
    "client_id": "cli", "debtor_id": "pty", "event_id": "evt", "holder_id": "pty", "keeper_id": "pty",
    "lender_id": "pty", "loan_id": "loan", "mandate_id": "man", "offer_id": "off", "order_id": "0x", "owner_id": "pty",
    "parked_id": "park", "participant_id": "pty", "party_id": "pty", "person_id": "per", "pledge_id": "0x",
    "pledgor_id": "pty", "promise_id": "bbp", "proposal_id": "ppl", "receipt_id": "0x", "receivable_id": "0x",
    "BuyBackPromiseOut.id": "bbp", "InspectionOut.id": "ins", "InsuranceOut.id": "pol", "TakenReturnOut.id": "ret",
    "sale_id": "sal", "file_id": "bfl",
    "seller_id": "pty", "sold_pledge_id": "0x", "substitution_id": "sub", "warehouse_receipt_id": "0x",
    "webhook_id": "whk",
    "ActOut.id": "act", "ApplicationDetail.id": "app", "ApplicationOut.id": "app", "BankFileOut.id": "bfl",
    "BankStatementOut.id": "stm",
    "BuyBackPaymentOut.id": "inc", "ConfirmationOut.id": "act", "FundingOut.id": "fnd", "LimitOut.id": "lim",
    "LoanDetail.id": "loan", "LoanOut.id": "loan", "MandateOut.id": "man", "MarginCallOut.id": "call",
    "OfferOut.id": "off", "OrderOut.id": "0x", "ParkedOut.id": "park", "ParticipantOut.id": "pty",
    "PersonOut.id": "per", "PledgeOut.id": "0x", "ProposalOut.id": "ppl", "ReceivableOut.id": "0x",
    "SubstitutionOut.id": "sub", "TakenSaleOut.id": "sal", "WarehouseReceiptOut.id": "0x",
    "WebhookOut.id": "whk", "WebhookWithSecret.id": "whk",
    "ActDueEvent.id": "evt", "ApplicationChangedEvent.id": "evt", "LimitChangedEvent.id": "evt",
    "LoanChangedEvent.id": "evt", "PledgeChangedEvent.id": "evt", "PledgeLateEvent.id": "evt",
    "ReceivableChangedEvent.id": "evt",
}  # fmt: skip
"""Which kind of id stands in a field or parameter."""
_NAMED = {"AllocationIn.id", "PolicyDetail.id", "PolicyOut.id", "PriceOut.id", "ProductDocumentDetail.id"}
_NAMED |= {"ProductDocumentOut.id", "chain_id", "document_id", "instruction_id", "policy_id", "price_id"}
_NAMED |= {"bank_id", "seller_legal_id", "parent_id", "taken_id", "withdrawal_id", "message_id", "id"}
"""Numbers and names, ids of several kinds, and what is mostly null."""


def test_examples__of_ids__are_of_the_kind_that_stands_there(document: dict[str, Any]) -> None:
    shown = {name: word["example"] for name, word in examples.words().items() if "example" in word}
    ids = {name: value for name, value in shown.items() if name == "id" or name.endswith((".id", "_id"))}
    unknown = {name for name in ids if name not in _NAMED and (name not in _IDS and name.split(".")[-1] not in _IDS)}
    assert not unknown, "say which kind of id it is"
    for name, value in ids.items():
        kind = _IDS.get(name) or _IDS.get(name.split(".")[-1])
        assert kind is None or value is None or re.fullmatch(_KINDS[kind], value), f"{name}: {value}"
    bare = [f"{form}.id" for form, name, _ in _fields(document) if name == "id" and f"{form}.id" not in ids]
    assert not bare, "an example of this form's own id"


def test_examples__of_documents__are_those_that_the_operation_takes(document: dict[str, Any]) -> None:
    roots = {
        "orders_post_order": "<Order ", "orders_acknowledge": "<OrderResponse ", "orders_amend": "<OrderChange ",
        "orders_despatch": "<DespatchAdvice ", "orders_receive": "<ReceiptAdvice ", "receivables_issue": "<Invoice ",
        "receivables_credit": "<CreditNote ", "bank_take_in": "<Document ",
        "bank_compare": "<Document ",
    }  # fmt: skip
    shown = {}
    for _, operation in _operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example", {})
        if "document" in body:
            shown[operation["operationId"]] = body["document"]
    assert shown.keys() == roots.keys()
    assert not {name for name, root in roots.items() if not shown[name].startswith(root)}


def _shown(part: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where an example stands, the schema that it is of, and the example: of bodies, answers, parameters and fields."""
    if isinstance(part, dict):
        if "schema" in part and "example" in part:
            yield place, part["schema"], part["example"]
        if isinstance(part.get("examples"), list):
            own = {name: value for name, value in part.items() if name != "examples"}
            yield from ((f"{place}/examples", own, each) for each in part["examples"])
        for name, each in part.items():
            if name != "example":
                yield from _shown(each, f"{place}/{name}")
    elif isinstance(part, list):
        for number, each in enumerate(part):
            yield from _shown(each, f"{place}/{number}")


def test_examples__each__is_valid_by_the_schema_beside_it(document: dict[str, Any]) -> None:
    """As somebody sees it who has nothing but the document, and JSON Schema 2020-12."""
    checked, wrong = 0, []
    for place, schema, shown in _shown(document):
        whole = {**schema, "components": document["components"]}
        validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        wrong += [f"{place} {list(each.instance_path)}: {each.message}" for each in validator.iter_errors(shown)]
        checked += 1
    assert not wrong
    assert checked > 300


def test_operations__each__shows_an_example(document: dict[str, Any]) -> None:
    missing = []
    for name, operation in _operations(document):
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        bodies = [part.get("content", {}) for part in (operation.get("requestBody", {}), *answers)]
        shown = ["example" in content for body in bodies for kind, content in body.items() if kind != "text/html"]
        parameters = ["example" in each for each in operation.get("parameters", ()) if each["in"] == "path"]
        if not all([*shown, *parameters]) or not [*shown, *parameters]:
            missing.append(name)
    assert not missing


def _routes(routers: Sequence[Any]) -> Iterator[APIRoute]:
    """Every operation's route; a router that another includes is asked for its own."""
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                yield route
            else:
                yield from _routes([route.original_router])


def test_examples__each__is_what_its_form_takes(document: dict[str, Any]) -> None:
    checked = 0
    by_name = {operation["operationId"]: operation for _, operation in _operations(document)}
    for route in (each for each in _routes(all_routers()) if each.include_in_schema):
        operation = by_name[operation_id(route)]
        if route.body_field is not None:
            given = operation["requestBody"]["content"]["application/json"]["example"]
            form: Any = route.body_field.field_info.annotation
            TypeAdapter(form).validate_python(given)
            checked += 1
        content = operation["responses"].get(str(route.status_code or 200), {}).get("content", {})
        if route.response_model is not None:
            TypeAdapter(route.response_model).validate_python(content["application/json"]["example"])
            checked += 1
    assert checked > 150


def test_times__in_all_forms__have_their_format(document: dict[str, Any]) -> None:
    def formats(field: dict[str, Any]) -> set[str]:
        return {each["format"] for each in (field, *field.get("anyOf", ())) if "format" in each}

    bare = [
        f"{form}.{name}"
        for form, name, field in _fields(document)
        if re.search(r"(?<!looked)(^|_)(at|on|until|date|deadline|now)$", name)
        and not formats(field) & {"date", "date-time"}
    ]
    assert not bare
