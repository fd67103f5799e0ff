"""The OpenAPI document by itself: whole, named by us, and the same wherever it is asked for."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from typer.testing import CliRunner

from chainfin.cli.main import app as cli
from tests.api.world import World


@pytest.fixture(scope="module")
def document(world: World) -> Any:
    return world.stage.http.get("/openapi.json").json()


def test_document__each_reference__leads_somewhere(document: Any) -> None:
    found: list[str] = []

    def collect(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                found.append(part["$ref"])
            for each in part.values():
                collect(each)
        elif isinstance(part, list):
            for each in part:
                collect(each)

    collect(document)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert found
    assert set(found) <= known
    assert not [name for name in known if "__" in name], "two forms of one name"


def test_document__each_body__is_a_form_that_has_a_name(document: Any) -> None:
    """A generator would make one up for what stands in an operation itself."""
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    bodies = [body for each in operations for body in each.get("requestBody", {}).get("content", {}).values()]
    assert bodies
    for body in bodies:
        options = body["schema"].get("anyOf", [body["schema"]])
        assert all("$ref" in each or each == {"type": "null"} for each in options), body


def test_document__each_operation__has_a_name_and_a_group_of_our_own(document: Any) -> None:
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    assert not [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name) or "_v1_" in name]
    groups = [tag["name"] for tag in document["tags"]]
    assert list(dict.fromkeys(each["tags"][0] for each in operations)) == groups, "in the document's order"
    assert all(tag["description"] for tag in document["tags"])
    assert [server["url"] for server in document["servers"]] == ["/"]


def test_document__by_the_command_line__is_the_service_s_own(document: Any) -> None:
    printed = CliRunner().invoke(cli, ["openapi"])
    assert json.loads(printed.stdout) == document


def test_docs__of_the_service__ask_nobody_else(world: World) -> None:
    page = world.stage.http.get("/docs")
    assert page.status_code == 200
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(wanted) == 3
    for path in wanted:
        assert path.startswith("/")
        assert world.stage.http.get(path).status_code == 200
    assert "/openapi.json" in page.text
    assert "http" not in page.text
    assert '"validatorUrl": null' in page.text, "nobody is asked to judge the document"


def test_challenge__without_a_domain__names_the_address_with_its_port(world: World) -> None:
    where = world.stage.server.url.removeprefix("http://")
    asked = {"address": "0x52908400098527886E0F7030069857D2E4169EE7"}
    given = world.stage.http.post("/v1/auth/nonce", json=asked).json()
    assert given["domain"] == where
    assert given["uri"] == f"http://{where}/v1/auth/wallet"
    assert given["message"].startswith(f"{where} wants you to sign in")


def test_home__for_programs_and_for_browsers__says_where_to_go(world: World) -> None:
    home = world.stage.http.get("/").json()
    assert (home["name"], home["sandbox"]) == ("chainfin", ["bank", "registry", "data"])
    page = world.stage.http.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    for path in (home["docs"], home["openapi"], home["ready"]):
        assert f'href="{path}"' in page.text
        assert world.stage.http.get(f"/{path}").status_code == 200


@pytest.mark.parametrize(
    ("form", "some"),
    [
        ("OrderOut", {"posting", "posted", "cancelled"}),
        ("ReceivableOut", {"issuing", "confirmed", "settled"}),
        ("WarehouseReceiptOut", {"issuing", "issued"}),
        ("PledgeOut", {"pending", "active", "released"}),
        ("LoanOut", {"active", "repaid"}),
        ("ApplicationOut", {"received", "offered", "funded"}),
        ("OfferOut", {"open", "accepted"}),
        ("ParticipantOut", {"pending", "active", "suspended"}),
    ],
)
def test_document__status__names_every_state(document: Any, form: str, some: set[str]) -> None:
    assert some <= set(document["components"]["schemas"][form]["properties"]["status"]["enum"])
