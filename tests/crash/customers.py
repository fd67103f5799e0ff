"""Customers that keep at it: they send again with the same key, and remember everything that they were told."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import httpx

from chainfin.client.client import Client
from chainfin.client.problem import ApiProblem
from chainfin.demo.member import Member
from chainfin.errors import Unavailable, Unknown

ROUNDS = int(os.environ.get("CHAINFIN_CRASH_ROUNDS", "6"))
PATIENCE_S = 240.0 + 60.0 * ROUNDS
"""Longer than all lives of the service together: a customer that is told nothing is a failure, not a slow one."""
AFTER_RESTART = ("idempotency_in_flight", "chain_not_indexed", "database_unreachable")
"""Codes that say: ask again."""


class Line(Protocol):
    """Where the service can be reached at the moment."""

    @property
    def url(self) -> str: ...


class GaveUp(Exception):
    """The service did not come back."""


def persist(line: Line, token: str, send: Callable[[Client], Any]) -> Any:
    """Do ``send`` against whichever life of the service is there, until it is answered."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        url = line.url
        if url:
            try:
                with httpx.Client(base_url=url, timeout=20.0, trust_env=False) as http:
                    return send(Client(http, token))
            except (Unavailable, Unknown):
                pass
            except ApiProblem as problem:
                if problem.code not in AFTER_RESTART:
                    raise
        time.sleep(0.05)
    raise GaveUp


@dataclass
class Request:
    """One application for money, seen through to its end by a customer that loses its connection now and then.

    ``told``: the statuses in the order in which they were acknowledged; ``events``: ids of the event stream.
    """

    line: Line
    member: Member
    lender_id: str
    asset_id: str
    amount: str
    key: str = field(default_factory=lambda: uuid4().hex)
    id: str = ""
    reply: list[str] = field(default_factory=list)
    loan_id: str | None = None
    events: list[str] = field(default_factory=list)
    failure: BaseException | None = None

    def start(self) -> tuple[threading.Thread, threading.Thread]:
        going, following = (
            threading.Thread(target=self._guarded, args=(work,), daemon=True) for work in (self._go, self._follow)
        )
        going.start()
        following.start()
        return going, following

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.failure = self.failure or error

    def _go(self) -> None:
        body = {
            "product": "receivable_pledge",
            "lender_id": self.lender_id,
            "amount": {"amount": self.amount, "currency": "CNY"},
            "days": 30,
            "asset_id": self.asset_id,
        }
        self.id = self._once("/v1/applications", body, self.key, made="app_")
        offered = self._until("offered", "declined")
        assert offered["offer"] is not None, offered
        signature = self.member.signature(offered["offer"]["act"]["typed_data"])
        self._once(f"/v1/applications/{self.id}/accept", {"signature": signature}, self.key + "-a", made="loan_")
        self.loan_id = self._until("funded", "failed")["loan_id"]

    def _once(self, path: str, body: Mapping[str, Any], key: str, *, made: str) -> str:
        """Send until answered. Told that it acted before and nobody knows what it said: what it made is named."""
        try:
            return str(persist(self.line, self.member.token, lambda to: to.post(path, body, key=key))["id"])
        except ApiProblem as problem:
            if problem.code != "idempotency_outcome_unknown":
                raise
            return next((one for one in problem.body["details"]["made"] if one.startswith(made)), "")

    def _until(self, *ends: str) -> Any:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = persist(self.line, self.member.token, lambda to: to.get(f"/v1/applications/{self.id}"))
            if not self.reply or self.reply[-1] != found["status"]:
                self.reply.append(found["status"])
            if found["status"] in ends:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{self.id} stays {self.reply}")

    def _follow(self) -> None:
        """The event stream, taken up again where it broke off."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.failure is None:
            if self.id and self.line.url and self._read_on():
                return
            time.sleep(0.05)
        assert self.failure is not None, f"{self.id}: the stream never ended: {self.events}"

    def _read_on(self) -> bool:
        headers = {"Authorization": f"Bearer {self.member.token}", "Accept": "text/event-stream"}
        if self.events:
            headers["Last-Event-ID"] = self.events[-1]
        path = f"{self.line.url}/v1/applications/{self.id}/events"
        try:
            with httpx.stream("GET", path, headers=headers, timeout=20.0, trust_env=False) as stream:
                if stream.status_code == 503:
                    return False
                assert stream.status_code == 200, stream.read()
                fresh = ""
                for text in stream.iter_lines():
                    name, _, value = text.partition(": ")
                    if name == "id":
                        fresh = value
                    elif name == "data":
                        json.loads(value)
                        self.events.append(fresh)
                        if fresh == "end":
                            return True
        except httpx.TransportError:
            return False
        return False
