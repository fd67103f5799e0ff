"""The clients of the benchmark: debtor and supplier, in a process of their own, through the HTTP API alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import httpx

from chainfin.demo.member import Member
from chainfin.eth.signer import KeySigner

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Account:
    """What a client process has to know to be a member."""

    id: str
    token: str
    key: bytes


@dataclass(frozen=True)
class Market:
    """Where the service is and who lends."""

    url: str
    lender_id: str
    debtor: Account
    supplier: Account


@dataclass(frozen=True)
class Job:
    """One receivable to borrow on. ``confirmation``: what the debtor says first, None if it has said it."""

    receivable_id: str
    confirmation: dict[str, Any] | None


@dataclass(frozen=True)
class Paid:
    """One loan as the client saw it. Times are POSIX seconds of this machine's clock."""

    tx_hash: str | None
    """The confirmation's transaction."""
    marks: dict[str, float]
    """begun, applied, offered, read, signed, accepted, funded: when each was seen to be done."""
    nodes: dict[str, float]
    """Seconds of each node, as the event stream says."""


class _Clients:
    """The members of one thread, each on a connection of its own."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.debtor = self._member(market.debtor)
        self.supplier = self._member(market.supplier)

    def _member(self, account: Account) -> Member:
        http = httpx.Client(base_url=self.market.url, timeout=PATIENCE_S, trust_env=False)
        return Member(http, account.token, id=account.id, signer=KeySigner(account.key))

    def borrow(self, job: Job) -> Paid:
        """Confirm (if that is to do), apply, follow the stream, accept, follow it to the money."""
        tx_hash = None if job.confirmation is None else self._confirm(job)
        marks = {"begun": time.time()}
        body = {
            "product": "receivable_pledge",
            "lender_id": self.market.lender_id,
            "amount": {"amount": "10000.00", "currency": "CNY"},
            "days": 60,
            "asset_id": job.receivable_id,
        }
        path = f"/v1/applications/{self.supplier.post('/v1/applications', body)['id']}"
        marks["applied"] = time.time()
        nodes: dict[str, float] = {}
        for name, data in self.supplier.events(f"{path}/events"):
            if name == "end":
                if data["status"] != "funded":
                    raise RuntimeError(f"not funded but {data['status']}: {data['refusals']}")
            elif data["phase"] == "ended":
                nodes[data["node"]] = float(data["seconds"])
                if data["node"] == "funded":
                    marks["funded"] = time.time()
            elif data["node"] == "offered":
                marks["offered"] = time.time()
                self._accept(path, marks)
        return Paid(tx_hash, marks, nodes)

    def _accept(self, path: str, marks: dict[str, float]) -> None:
        offer = self.supplier.get(path)["offer"]
        marks["read"] = time.time()
        signature = self.supplier.signature(offer["act"]["typed_data"])
        marks["signed"] = time.time()
        self.supplier.post(f"{path}/accept", {"signature": signature})
        marks["accepted"] = time.time()

    def _confirm(self, job: Job) -> str:
        act = self.debtor.post(f"/v1/receivables/{job.receivable_id}/confirmation", job.confirmation)
        return str(self.debtor.finish(act.get("act", act))["tx_hash"])

    def close(self) -> None:
        self.debtor.http.close()
        self.supplier.http.close()


def _all(market: Market, jobs: Sequence[Job], in_flight: int) -> tuple[list[Paid], float]:
    """The loans and the seconds that all of them took together."""
    local = threading.local()
    made: list[_Clients] = []

    def begin() -> None:
        local.clients = _Clients(market)
        made.append(local.clients)

    def borrow(job: Job) -> Paid:
        clients: _Clients = local.clients
        return clients.borrow(job)

    begun = time.monotonic()
    with ThreadPoolExecutor(in_flight, initializer=begin) as pool:
        paid = list(pool.map(borrow, jobs))
    took = time.monotonic() - begun
    for clients in made:
        clients.close()
    return paid, took


def run(pipe: Connection, market: Market) -> None:
    """Serve (jobs, how many in flight) until None comes; answers (loans, seconds) or an error."""
    while (order := pipe.recv()) is not None:
        try:
            pipe.send(_all(market, *order))
        except Exception as error:
            pipe.send(error if isinstance(error, RuntimeError) else RuntimeError(repr(error)))
