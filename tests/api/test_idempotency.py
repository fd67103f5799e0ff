"""One effect for a key: retries, other bodies, races, failures, crashes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select
from starlette.responses import Response

from api.auth import Acting, Ctx
from api.idempotency import Idempotency, body_digest, check_key
from api.route import OnceRoute
from api.schemas.common import Input
from chainfin.errors import BadInput, Conflict, Refused, Unavailable
from chainfin.storage.party_tables import FactRow, IdempotencyRow, PartyRow
from chainfin.storage.types import new_id
from tests.api.conftest import Site


class Order(Input):
    what: str
    then: str = "answer"


class Shop:
    """A router whose POST makes a row and then does what the test says."""

    def __init__(self) -> None:
        self.router = APIRouter(route_class=OnceRoute)
        self.router.add_api_route("/t/things", self.make, methods=["POST"], status_code=201)
        self.router.add_api_route("/t/other", self.make, methods=["POST"], status_code=201)
        self.runs = 0
        self.open = threading.Event()
        self.open.set()

    def make(self, ctx: Ctx, actor: Acting, body: Order, response: Response) -> dict[str, str]:
        self.runs += 1
        self.open.wait(10)
        if body.then == "unavailable":
            raise Unavailable("node_down", "the node does not answer")
        if body.then == "break":
            raise RuntimeError("a bug, with a secret in it")
        if body.then == "refuse":
            raise Refused("limit_exceeded", "no", limit="10.00")
        made = new_id("fact")
        with ctx.store.begin() as session:
            session.add(FactRow(name=made, value={"what": body.what}))
        if body.then == "break_late":
            raise RuntimeError("a bug after the commit")
        response.headers["Location"] = f"/t/things/{made}"
        return {"made": made}


def _facts(site: Site) -> int:
    with site.ctx.store.read() as session:
        return len(session.exec(select(FactRow)).all())


@pytest.fixture
def shop(site: Site) -> Iterator[Shop]:
    shop = Shop()
    app = site.http.app
    assert isinstance(app, FastAPI)
    app.include_router(shop.router)
    yield shop
    shop.open.set()


def _post(site: Site, key: str | None, body: dict[str, Any], who: str = "core", path: str = "/t/things") -> Any:
    headers = site.as_(who) | ({} if key is None else {"Idempotency-Key": key})
    return site.http.post(path, json=body, headers=headers)


def test_key__absent__refused_and_nothing_runs(site: Site, shop: Shop) -> None:
    answer = _post(site, None, {"what": "a"})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert shop.runs == 0


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "käse"])
def test_key__malformed__refused(key: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_key(key)
    assert caught.value.code == "idempotency_key_malformed"


def test_retry__same_key_and_body__same_answer_once_done(site: Site, shop: Shop) -> None:
    first = _post(site, "k", {"what": "a", "then": "answer"})
    second = _post(site, "k", {"then": "answer", "what": "a"})
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (shop.runs, _facts(site)) == (1, 1)


def test_retry__of_a_refusal__same_refusal(site: Site, shop: Shop) -> None:
    answers = [_post(site, "k", {"what": "a", "then": "refuse"}) for _ in range(2)]
    assert [answer.json()["code"] for answer in answers] == ["limit_exceeded"] * 2
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert shop.runs == 1


def test_key__other_body__refused(site: Site, shop: Shop) -> None:
    _post(site, "k", {"what": "a"})
    answer = _post(site, "k", {"what": "b"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert shop.runs == 1


def test_key__other_path__refused(site: Site, shop: Shop) -> None:
    _post(site, "k", {"what": "a"})
    assert _post(site, "k", {"what": "a"}, path="/t/other").json()["code"] == "idempotency_key_reused"


def test_key__of_another_party__is_another_key(site: Site, shop: Shop) -> None:
    ours = _post(site, "k", {"what": "a"}).json()
    theirs = _post(site, "k", {"what": "a"}, who="supplier")
    assert theirs.status_code == 201
    assert theirs.json() != ours


def test_key__after_wrong_form__may_be_put_right(site: Site, shop: Shop) -> None:
    assert _post(site, "k", {"wat": "a"}).json()["code"] == "input_invalid"
    assert _post(site, "k", {"what": "a"}).status_code == 201


def test_key__without_a_valid_token__is_not_claimed(site: Site, shop: Shop) -> None:
    answer = site.http.post("/t/things", json={"what": "a"}, headers={"Idempotency-Key": "k"})
    assert answer.json()["code"] == "token_missing"
    with site.ctx.store.read() as session:
        assert session.exec(select(IdempotencyRow)).all() == []


def test_key__parallel_threads__one_effect(site: Site, shop: Shop) -> None:
    headers = site.as_("core") | {"Idempotency-Key": "k"}
    shop.open.clear()
    together = threading.Barrier(16)

    def call(_: int) -> Any:
        together.wait(10)
        return site.http.post("/t/things", json={"what": "a"}, headers=headers)

    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(call, place) for place in range(16)]
        done = [future for future in calls if not future.done()]
        # the one that got the key waits in the shop; fifteen must be turned away meanwhile
        while sum(future.done() for future in calls) < 15:
            assert done
        shop.open.set()
        answers = [future.result(20) for future in calls]
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 15
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"idempotency_in_flight"}
    assert (shop.runs, _facts(site)) == (1, 1)
    assert site.http.post("/t/things", json={"what": "a"}, headers=headers).headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(("then", "status"), [("unavailable", 503), ("break", 500)])
def test_server_error__before_anything_is_committed__releases_the_key(
    site: Site, shop: Shop, then: str, status: int
) -> None:
    body = {"what": "a", "then": then}
    assert [_post(site, "k", body).status_code for _ in range(2)] == [status] * 2
    assert shop.runs == 2


def test_server_error__after_a_commit__is_not_run_again(site: Site, shop: Shop) -> None:
    body = {"what": "a", "then": "break_late"}
    assert _post(site, "k", body).status_code == 500
    again = _post(site, "k", body)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_outcome_unknown")
    assert (shop.runs, _facts(site)) == (1, 1)


def test_internal_error__says_nothing_of_the_inside(site: Site, shop: Shop) -> None:
    answer = _post(site, "k", {"what": "a", "then": "break"})
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text
    assert len(answer.json()["details"]["incident"]) == 16


# crashes: a process that claimed and is gone ------------------------------------------------------------------------


def _keeper(site: Site) -> Idempotency:
    """The claims of another process on the same database."""
    return Idempotency(site.ctx.store, site.ctx.vault, wall=site.wall)


def test_crash__before_anything_was_committed__the_retry_runs(site: Site) -> None:
    dead, alive = _keeper(site), _keeper(site)
    claim = dead.begin("core", "k", "POST /x", "d")
    taken = alive.begin("core", "k", "POST /x", "d")
    assert not isinstance(taken, Response)
    assert taken.holder == alive.boot_id
    assert not isinstance(claim, Response)
    # the dead one wasn't dead after all: it can't commit any more
    with pytest.raises(Conflict), site.ctx.store.witnessed(claim).begin() as session:
        session.add(FactRow(name="late", value={}))
    assert _facts(site) == 0


def test_crash__after_a_commit__the_retry_is_told_what_was_made(site: Site) -> None:
    dead, alive = _keeper(site), _keeper(site)
    claim = dead.begin("core", "k", "POST /x", "d")
    assert not isinstance(claim, Response)
    with site.ctx.store.witnessed(claim).begin() as session:
        party = session.get_one(PartyRow, "core")
        session.add(
            PartyRow(
                **party.model_dump(exclude={"id", "legal_value", "address", "commitment"}),
                id="pty_new",
                legal_value="L",
                address="A",
                commitment="C",
            )
        )
    with pytest.raises(Conflict) as caught:
        alive.begin("core", "k", "POST /x", "d")
    assert caught.value.code == "idempotency_outcome_unknown"
    assert caught.value.details["made"] == ["pty_new"]


def test_claim__of_a_living_process__is_in_flight(site: Site) -> None:
    keeper = _keeper(site)
    keeper.begin("core", "k", "POST /x", "d")
    with pytest.raises(Conflict) as caught:
        keeper.begin("core", "k", "POST /x", "d")
    assert caught.value.code == "idempotency_in_flight"


def test_answers__older_than_a_month__are_forgotten(site: Site) -> None:
    keeper = _keeper(site)
    claim = keeper.begin("core", "k", "POST /x", "d")
    assert not isinstance(claim, Response)
    keeper.finish(claim, Response(b"{}", 200))
    site.wall.at += timedelta(days=29)
    keeper.prune()
    assert isinstance(keeper.begin("core", "k", "POST /x", "d"), Response)
    site.wall.at += timedelta(days=2)
    keeper.prune()
    assert not isinstance(keeper.begin("core", "k", "POST /x", "d"), Response)


def test_answer__with_a_secret__is_not_readable_in_the_database(site: Site) -> None:
    made = site.http.post("/v1/clients", json={}, headers=site.as_("core") | {"Idempotency-Key": "k"}).json()
    with site.ctx.store.read() as session:
        row = session.get_one(IdempotencyRow, ("core", "k"))
    assert made["client_secret"] not in (row.response or "")
    again = site.http.post("/v1/clients", json={}, headers=site.as_("core") | {"Idempotency-Key": "k"})
    assert again.json() == made


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(_json)
def test_body_digest__spelling_of_the_same_json__is_one_digest(value: object) -> None:
    assert body_digest(json.dumps(value).encode()) == body_digest(json.dumps(value, indent=2, sort_keys=True).encode())


@given(_json, _json)
def test_body_digest__of_other_values__differs(one: object, other: object) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (body_digest(json.dumps(one).encode()) == body_digest(json.dumps(other).encode())) == same


_CHILD = """
import os, signal, sys
from pathlib import Path
from api.idempotency import Idempotency
from chainfin.storage.party_tables import FactRow
from chainfin.storage.store import Store
from chainfin.storage.vault import Vault

store = Store(sys.argv[1])
claim = Idempotency(store, Vault.open(Path(sys.argv[2]))).begin("core", "k", "POST /x", "d")
session = store.witnessed(claim).begin().__enter__()
session.add(FactRow(name="effect", value={}))
session.flush()
if sys.argv[3] == "committed":
    session.commit()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("moment", ["uncommitted", "committed"])
def test_kill_9__in_the_middle__effect_once_or_a_key_that_is_free(site: Site, tmp_path: Path, moment: str) -> None:
    died = subprocess.run([sys.executable, "-c", _CHILD, site.ctx.store.url, str(tmp_path), moment], check=False)
    assert died.returncode == -signal.SIGKILL
    assert _facts(site) == (moment == "committed")
    keeper = _keeper(site)
    if moment == "committed":
        with pytest.raises(Conflict) as caught:
            keeper.begin("core", "k", "POST /x", "d")
        assert caught.value.code == "idempotency_outcome_unknown"
    else:
        assert not isinstance(keeper.begin("core", "k", "POST /x", "d"), Response)
