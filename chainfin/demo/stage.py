"""The stage of the demo: a fresh installation, its server, its sandbox world, and the cast."""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

import httpx

from api.serve import Server
from chainfin.client.client import Client
from chainfin.connectors.sandbox import World
from chainfin.demo.member import Member
from chainfin.errors import BadInput
from chainfin.rules.mandate import GRADES
from chainfin.runtime.installation import Installation
from chainfin.settings import load
from chainfin.values.money import Money
from chainfin.values.product import Product


class Stage(AbstractContextManager["Stage"]):
    """Everything that runs while the demo plays. ``home`` None: a temporary folder that goes with it."""

    def __init__(self, home: Path | None = None, *, start_at: datetime | None = None) -> None:
        """Raises BadInput home_not_empty: the demo plays on a fresh installation only."""
        self._stack = ExitStack()
        self.kept = home
        """Where what is left when the play is over lies; None: nothing is left."""
        if home is None:
            home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="chainfin-demo-")))
        elif home.exists() and any(home.iterdir()):
            raise BadInput("home_not_empty", f"{home} holds an installation; the demo needs an empty folder")
        settings = load({"CHAINFIN_HOME": str(home)})
        try:
            self.installation = self._stack.enter_context(Installation(settings, start_at=start_at))
            self.server = Server(self.installation)
            self.server.start()
            self._stack.callback(self.server.stop)
            self.http = self._stack.enter_context(httpx.Client(base_url=self.server.url, timeout=30.0, trust_env=False))
            assert self.installation.sandbox is not None, "the demo plays with the sandbox"
            self.world = World(self.installation.sandbox)
            self._stack.callback(self.world.close)
            self.operator = Client(self.http)
            made = self.server.signin.bootstrap_client()
            self.operator.sign_in_as(made.client.client_id, made.secret)
        except BaseException:
            self._stack.close()
            raise

    @property
    def now(self) -> datetime:
        return self.installation.clock.now()

    @property
    def today(self) -> date:
        return self.installation.clock.today()

    def move_to(self, day: date) -> None:
        """Business time goes on to nine in the morning of ``day``; what ran by the old time has ended."""
        self.operator.post("/v1/clock", {"now": datetime(day.year, day.month, day.day, 9, tzinfo=UTC).isoformat()})

    def admit(
        self,
        name: str,
        legal: tuple[str, str],
        roles: list[str],
        *,
        custody: bool = False,
        aliases: tuple[str, ...] = (),
    ) -> Member:
        """The operator admits a company; the company's key (unless held in custody) signs its consent and signs in."""
        member = Member(self.http, name=name, account=f"6228-{legal[1][-8:]}")
        body: dict[str, Any] = {
            "name": name,
            "legal_scheme": legal[0],
            "legal_value": legal[1],
            "roles": roles,
            "account": member.account,
            "aliases": list(aliases),
        }
        if not custody:
            body["address"] = member.address
        admitted = self.operator.post("/v1/participants", body)
        member.id = admitted["participant"]["id"]
        if admitted["consent"] is not None:
            member.consent(admitted)
        member.token = self.operator.token
        member.until(lambda: self.operator.get(f"/v1/participants/{member.id}"), lambda p: p["status"] == "active")
        if custody:
            made = self.operator.post("/v1/clients", {"party_id": member.id})
            member.sign_in_as(made["client_id"], made["client_secret"])
        else:
            member.token = ""
            member.sign_in()
        return member

    def limit(self, lender: Member, kind: str, party: Member, amount: str, currency: str, grade: str) -> None:
        """The lender's underwriter sets a limit and a grade."""
        body = {"kind": kind, "key": party.id, "amount": {"amount": amount, "currency": currency}, "grade": grade}
        lender.post("/v1/limits", body)

    def mandate(self, lender: Member, amount: str, currency: str) -> None:
        """The lender signs under what its money may go out: all products, until a year from now."""
        until = datetime.combine(self.today + timedelta(days=365), time(0), UTC).isoformat()
        most = {"amount": amount, "currency": currency}
        body = {"products": [*Product], "amount": most, "grades": [*GRADES], "expires_at": until}
        lender.mandate(body)

    def fund(self, lender: Member, amount: str, currency: str) -> None:
        """The lender places money for lending: no cash, no payout. Returns when the bank's feed has told of it."""
        lender.post("/v1/funding/sandbox-deposits", {"amount": amount, "currency": currency})
        lender.until(lambda: lender.get("/v1/funding")["items"], lambda found: len(found) > 0)

    def pays(self, payer: Member, amount: Money, account: str, remittance: str) -> None:
        """The payer tells its bank to pay; the settlement bank books it."""
        self.world.pays(
            uuid4().hex,
            amount,
            payer_account=payer.account,
            payer_name=payer.name,
            payee_account=account,
            remittance=remittance,
        )

    def consent(self, legal_value: str, sources: tuple[str, ...]) -> str:
        return self.world.consents(legal_value, sources, self.today + timedelta(days=30))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
