"""What a participant's program does at the API, step by step: sign in, call, sign its own acts, wait for what it began.

Nothing here sends or sleeps: `Client` and `AsyncClient` carry the steps out (`steps.Flow`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import uuid4

import httpx

from chainfin.client import asked, operations
from chainfin.client.operation import Operation
from chainfin.client.problem import ApiProblem
from chainfin.client.retries import Retries
from chainfin.client.steps import Flow, Pause, Send
from chainfin.errors import BadInput, Refused, Unavailable, Unknown
from chainfin.eth import eip712
from chainfin.eth.abi import from_hex
from chainfin.eth.signer import Signer, personal_message
from chainfin.eth.siwe import parse_siwe
from chainfin.values.money import Money

if TYPE_CHECKING:
    from chainfin.client.forms import ActOut, ApplicationDetail, ApplicationOut, MandateOut, ReceivableOut

T = TypeVar("T")
PATIENCE_S = 30.0
_FIRST_LOOK_S, _MOST_S = 0.01, 0.5
"""Between two looks at what one waits for: at first, and after a while."""
_PASSING = frozenset({429, 502, 503, 504})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})
_WORDS = (*eip712.OFFERED, *eip712.RIDING, *eip712.KEPT)
_SIGN_INS = 3


def confirmation(known: Mapping[str, Any] | ReceivableOut) -> dict[str, Any]:
    """What a debtor says when it confirms: root, face and day, so that nothing else can be put before it."""
    face = {"amount": known["face"], "currency": known["currency"]}
    return {"document_root": known["document_root"], "face": face, "due_date": known["due_date"]}


class Flows:
    """One party's (or client's) way of speaking to the service.

    ``signer``: its key, which stays on this side. ``host``: whom it means to speak to; a sign-in message for somebody
    else isn't signed. ``contracts``: addresses to trust by name; of one that isn't named, the first that is seen stays.
    """

    def __init__(
        self,
        signer: Signer | None,
        token: str,
        retries: Retries,
        host: str,
        contracts: Mapping[str, str] | None,
    ) -> None:
        self.signer = signer
        self.token = token
        self.retries = retries
        self.host = host
        self._contracts = dict(contracts or {})
        self._chain_id: int | None = None
        self._credentials: tuple[str, str] | None = None

    # calls ----------------------------------------------------------------------------------------------------------

    def call(self, operation: Operation[T], *, key: str | None = None) -> Flow[T]:
        """Carry ``operation`` out, once. ``key``: the Idempotency-Key, by default a fresh one for all its attempts.

        Raises ApiProblem; Unavailable service_unreachable; Unknown outcome_unknown (``details`` name the key: sent
        again with it, nothing happens twice).
        """
        answer = yield from self._answered(operation, key)
        try:
            return cast(T, answer.json() if answer.content else None)
        except ValueError:
            raise ApiProblem(answer.status_code, {"detail": "the answer is no JSON"}) from None

    def download(self, operation: Operation[Any]) -> Flow[bytes]:
        """The answer as it is."""
        return (yield from self._answered(operation, None)).content

    def every(self, operation: Operation[Any]) -> Flow[list[Any]]:
        """All items of a list, page by page."""
        items: list[Any] = []
        page = yield from self.call(operation.asking(limit=200))
        items += page["items"]
        while page["next"]:
            page = yield from self.call(operation.asking(limit=200, cursor=page["next"]))
            items += page["items"]
        return items

    def wait(self, operation: Operation[T], good: Callable[[T], bool], patience_s: float = PATIENCE_S) -> Flow[T]:
        """Ask until the answer is ``good``. Raises Unavailable patience_over."""
        end, rest = time.monotonic() + patience_s, _FIRST_LOOK_S
        while True:
            found = yield from self.call(operation)
            if good(found):
                return found
            if time.monotonic() > end:
                raise Unavailable("patience_over", f"waited {patience_s:.0f} s for nothing", where=operation.path)
            yield Pause(rest)
            rest = min(_MOST_S, rest * 1.2)

    def _answered(self, operation: Operation[Any], key: str | None) -> Flow[httpx.Response]:
        own = key or uuid4().hex
        tried, lost, renewed = 0, False, False
        while True:
            tried += 1
            try:
                answer: httpx.Response = yield self._request(operation, own)
            except httpx.RequestError as error:
                sent = not isinstance(error, _NEVER_SENT)
                lost |= sent
                pause = self.retries.pause(tried) if operation.repeatable or not sent else None
                if pause is None:
                    raise _gone(operation, error, own, lost=lost) from None
            else:
                if not answer.is_error:
                    return answer
                problem = ApiProblem.of(answer)
                if problem.code == "token_expired" and not renewed and self._can_renew:
                    # refused at the door: nothing was done
                    renewed = True
                    yield from self._renew()
                    continue
                passing = problem.status in _PASSING or problem.code == "idempotency_in_flight"
                pause = self.retries.pause(tried, problem.retry_after) if passing and operation.repeatable else None
                if pause is None:
                    raise problem
            yield Pause(pause)

    def _request(self, operation: Operation[Any], key: str) -> Send:
        headers = {"Accept": "application/json"}
        if operation.method == "POST":
            headers["Idempotency-Key"] = key
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        query = {name: value for name, value in operation.query.items() if value is not None}
        return Send(operation.method, operation.path, headers, query, operation.body)

    # who it is ------------------------------------------------------------------------------------------------------

    def sign_in(self) -> Flow[None]:
        """EIP-4361: sign the service's one-time message, if it is one for this service and this key.

        Raises BadInput siwe_malformed; Refused typed_data_foreign: the message is for somebody else.
        """
        signer = self.own_signer
        for left in reversed(range(_SIGN_INS)):
            # a nonce that was given out and got lost harms nobody
            asking = operations.auth_nonce(address=signer.address)
            given = yield from self._harmless(asking)
            message = str(given["message"])
            self._unless_for_me(message)
            signed = "0x" + signer.sign(personal_message(message)).hex()
            try:
                found = yield from self.call(operations.auth_wallet(message=message, signature=signed))
            except Unknown:
                if not left:
                    raise
                continue  # the nonce may be used up: begin anew
            self.token = found["access_token"]
            return

    def sign_in_as(self, client_id: str, client_secret: str) -> Flow[None]:
        """By client credentials (OAuth 2.0)."""
        self._credentials = (client_id, client_secret)
        asking = operations.auth_token(
            grant_type="client_credentials", client_id=client_id, client_secret=client_secret
        )
        self.token = (yield from self._harmless(asking))["access_token"]

    def _harmless(self, operation: Operation[T]) -> Flow[T]:
        """A call without a key that may be made twice all the same."""
        for left in reversed(range(self.retries.attempts)):
            try:
                return (yield from self.call(operation))
            except Unknown:
                if not left:
                    raise
        raise AssertionError("one attempt at least")

    @property
    def _can_renew(self) -> bool:
        return self._credentials is not None or (self.signer is not None and self._chain_id is not None)

    def _renew(self) -> Flow[None]:
        self.token = ""
        if self._credentials is not None:
            yield from self.sign_in_as(*self._credentials)
        else:
            yield from self.sign_in()

    def _unless_for_me(self, message: str) -> None:
        said = parse_siwe(message)
        host = said.domain.rpartition(":")[0] or said.domain
        if host != self.host and not {host, self.host} <= _HERE:
            raise asked.foreign(f"the sign-in message is for {said.domain}, and this is {self.host}")
        if said.address != self.own_signer.address:
            raise asked.foreign(f"the sign-in message is for {said.address}")
        self._chain_id = said.chain_id

    @property
    def own_signer(self) -> Signer:
        """Raises BadInput key_missing."""
        if self.signer is None:
            raise BadInput("key_missing", "this needs a key on this side, and there is none")
        return self.signer

    # acts -----------------------------------------------------------------------------------------------------------

    def do(self, operation: Operation[T], *, key: str | None = None) -> Flow[T]:
        """Carry ``operation`` out, sign what it leads to if that is what was asked (`asked`), and wait until it is in a
        final block. Returns the answer, its act as it ended; an act for somebody else to sign stays as it is.

        Raises as `call`; Refused typed_data_foreign: the service asks to sign something else; ApiProblem with the
        chain's refusal.
        """
        if operation.template in _ACCEPTING and not (operation.body or {}).get("signature"):
            operation = yield from self._accepting(operation)
        answer: Any = yield from self.call(operation, key=key)
        if not isinstance(answer, dict):
            return cast(T, answer)
        if operation.template == "/v1/mandates" and self.signer is not None:
            return cast(T, (yield from self.sign_mandate(answer, operation.body)))
        if "revocation" in answer and self.signer is not None:
            return cast(T, (yield from self.sign_revocation(answer)))
        if answer.keys() >= {"typed_data", "function"}:
            return cast(T, answer | (yield from self._ended(operation, answer, cast("ActOut", answer))))
        if isinstance(answer.get("act"), dict):
            answer["act"] = yield from self._ended(operation, answer, answer["act"])
        return cast(T, answer)

    def _ended(self, operation: Operation[Any], answer: Any, act: ActOut) -> Flow[ActOut]:
        if act["status"] != "awaiting_signature":
            return (yield from self.finish(act))
        if self.signer is None or act["signer"] != self.signer.address:
            return act
        wanted = asked.asked_by(operation, answer)
        yield from self._check(act, wanted)
        return (yield from self.finish(act))

    def finish(self, act: Mapping[str, Any] | ActOut) -> Flow[ActOut]:
        """Sign an act (if it waits for that) and wait for its end; a word that rides in another's act, or a grant of
        more goods, is given once it is signed. Raises ApiProblem with the chain's refusal."""
        done = ("final", "signed") if act["function"] in _WORDS else ("final",)
        if act["status"] == "awaiting_signature":
            signature = self._signed(act)
            yield from self.call(operations.acts_sign(act["id"], signature=signature))
        over = ("refused", "expired", *done)
        ended = yield from self.wait(operations.acts_get_act(act["id"]), lambda now: now["status"] in over)
        if ended["status"] not in done:
            error = ended["error"] or {"code": f"act_{ended['status']}", "message": ended["status"]}
            raise ApiProblem(409, {"code": error["code"], "detail": error["message"]})
        return ended

    def sign_waiting(self, *functions: str) -> Flow[int]:
        """Sign every act that waits for this party and isn't an offer (a lender's pledges, a bank attesting what it
        booked); of these ``functions`` alone, where some are named. Returns how many."""
        found = yield from self.every(operations.acts_list_acts(status="awaiting_signature"))
        open_ = [act for act in found if act["function"] not in eip712.OFFERED]
        waiting = [act for act in open_ if not functions or act["function"] in functions]
        for act in waiting:
            yield from self.finish(act)
        return len(waiting)

    def consent(self, admission: Mapping[str, Any]) -> Flow[str]:
        """Agree with one's key to be admitted (the answer to `POST /v1/participants`). Returns the participant's id."""
        party, data = admission["participant"], admission["consent"]
        joining = {"contract": "Participants", "function": "join", "signer": party["address"], "typed_data": data}
        yield from self._check(joining, asked.Asked("Participants", "Join", {"key": self.own_signer.address}))
        agreed = operations.participants_consent(party["id"], signature=self._signed(joining))
        yield from self.call(agreed)
        return str(party["id"])

    def accept(self, application: Mapping[str, Any] | ApplicationDetail) -> Flow[ApplicationOut]:
        """Accept the offer on an ``application`` as one has looked at it (`GET /v1/applications/{id}`)."""
        signature = yield from self._accepted(application)
        return (yield from self.call(operations.applications_accept(application["id"], signature=signature)))

    def _accepting(self, operation: Operation[T]) -> Flow[Operation[T]]:
        """The operation with the signature that it takes, under what stands there now."""
        place = operation.template.removesuffix("/accept")
        seen = yield from self.call(Operation[Any]("GET", place, operation.ids))
        signature = yield from self._accepted(seen)
        return replace(operation, body={"signature": signature})

    def _accepted(self, seen: Any) -> Flow[str | None]:
        """One's signature under the offer of an application, or under a substitution; None where there is nothing to
        sign, as the service will say too."""
        offer = seen.get("offer", seen)
        if self.signer is None or offer is None or offer["act"] is None:
            return None
        wanted = asked.exchanging(seen) if offer is seen else asked.accepting(offer, seen)
        yield from self._check(offer["act"], wanted)
        return self._signed(offer["act"])

    def _check(self, act: Mapping[str, Any], wanted: asked.Asked) -> Flow[None]:
        """Raises Refused typed_data_foreign."""
        asked.unless_ours(act, self.own_signer.address)
        numbers = {}
        for member, party_id in wanted.parties.items():
            seen = yield from self.call(operations.participants_get_participant(party_id))
            numbers[member] = seen["chain_party"]
        asked.unless_asked(act, wanted, numbers)

    def _signed(self, act: Mapping[str, Any]) -> str:
        """The signature under an act in our own form, for the chain and the contracts that one knows."""
        asked.unless_ours(act, self.own_signer.address)
        domain = act["typed_data"]["domain"]
        if self._chain_id is not None and int(domain["chainId"]) != self._chain_id:
            raise asked.foreign(f"it is for chain {domain['chainId']}, and the sign-in was for {self._chain_id}")
        known = self._contracts.setdefault(str(act["contract"]), str(domain["verifyingContract"]))
        if known.lower() != str(domain["verifyingContract"]).lower():
            raise asked.foreign(f"{act['contract']} is at {known}, not at {domain['verifyingContract']}")
        return self.signature(act["typed_data"])

    def signature(self, typed_data: Mapping[str, Any]) -> str:
        """Over typed data of an act, unseen: for who has looked at it itself."""
        return "0x" + eip712.sign(typed_data, self.own_signer).hex()

    # what takes more than a form ------------------------------------------------------------------------------------

    def confirm(
        self,
        known: Mapping[str, Any] | ReceivableOut,
        invoice: bytes,
        *,
        seller: str | None = None,
        due: date | None = None,
    ) -> Flow[ActOut]:
        """Confirm a receivable (as `GET /v1/receivables/{id}` shows it) on one's own copy of its ``invoice``: id and
        root are made again from it, face and day compared with it, and signed is only what one knows oneself.
        ``seller``: its legal id, where the invoice names it by another; ``due``: the day, where the invoice names none.
        Returns the act, final.

        Raises Refused invoice_…_foreign: it isn't this invoice's receivable; typed_data_foreign: the service asks to
        sign something else.
        """
        # only here: a client that reads no invoice needn't load what reads them
        from chainfin.documents import read
        from chainfin.documents.opening import Opening, Revealed

        opened = yield from self.call(operations.receivables_get_opening(known["id"]))
        key, secret = from_hex(opened["fingerprint_key"]), from_hex(opened["document_secret"])
        opening = Opening(key, secret, opened["seller_legal_id"])
        mine = read(invoice, source="my invoice")
        face = Money.parse(known["face"], known["currency"])
        day = date.fromisoformat(known["due_date"])
        shown = Revealed(known["id"], str(known["document_root"]), face, day)
        opening.check(mine, shown, seller=seller, due=due)
        party = yield from self.call(operations.participants_get_participant(known["seller_id"]))
        detail = confirmation(known)
        answer: Any = yield from self.call(operations.receivables_confirm(known["id"], **cast(Any, detail)))
        own = {
            "id": known["id"],
            "orderId": known["order_id"],
            "seller": party["chain_party"],
            "documentRoot": detail["document_root"],
            "face": face.minor,
            "dueDay": (day - asked.EPOCH).days,
        }
        yield from self._check(answer, asked.Asked("Receivables", "Confirm", own))
        return (yield from self.finish(answer))

    def sign_mandate(
        self, prepared: MandateOut | Mapping[str, Any], body: Mapping[str, Any] | None = None
    ) -> Flow[MandateOut]:
        """Sign a prepared mandate, if it waits for that (one in custody waits for a second person). ``body``: what was
        asked for. Returns it, active. Raises Refused typed_data_foreign."""
        if prepared["status"] != "prepared" or prepared["proposal_id"] is not None:
            return cast("MandateOut", prepared)
        from chainfin.eth import mandate_message  # what it stands on takes half a second to load

        if body is not None:
            _unless_mandated(prepared["typed_data"]["message"], body)
        signature = "0x" + mandate_message.sign(prepared["typed_data"], self.own_signer).hex()
        return (yield from self.call(operations.mandates_sign(prepared["id"], signature=signature)))

    def sign_revocation(self, revoked: MandateOut | Mapping[str, Any]) -> Flow[MandateOut]:
        """Sign the revocation of a mandate, if it waits for that. Returns the mandate: keep it, the word in it proves
        from when on nothing was to go out."""
        if revoked["revocation"] is None or revoked["revocation_signature"] is not None:
            return cast("MandateOut", revoked)
        from chainfin.eth import mandate_message  # what it stands on takes half a second to load

        given = mandate_message.sign(revoked["revocation"], self.own_signer, mandate_message.REVOCATION)
        word = operations.mandates_sign_revocation(revoked["id"], signature="0x" + given.hex())
        return (yield from self.call(word))


_ACCEPTING = ("/v1/applications/{application_id}/accept", "/v1/substitutions/{substitution_id}/accept")


def _gone(operation: Operation[Any], error: httpx.RequestError, key: str, *, lost: bool) -> Unavailable | Unknown:
    """It was sent and not answered, or it never got there."""
    what = f"{operation.method} {operation.path}"
    if lost and operation.method != "GET":
        why = f"no answer came to {what}: {error or type(error).__name__}"
        return Unknown("outcome_unknown", why, idempotency_key=key if operation.keyed else None)
    return Unavailable("service_unreachable", f"no answer to {what}: {error or type(error).__name__}")


def _unless_mandated(message: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """That a mandate says what was asked for. Raises Refused typed_data_foreign."""
    most = Money.parse(body["amount"]["amount"], body["amount"]["currency"])
    until = datetime.fromisoformat(str(body["expires_at"]))
    wanted = {
        "currency": most.currency,
        "amount": str(most.minor),
        "products": sorted(str(each) for each in body["products"]),
        "grades": [str(each) for each in body["grades"]],
        "expiresAt": str(int(until.timestamp())),
    }
    odd = [name for name, value in wanted.items() if message.get(name) != value]
    if odd:
        raise Refused("typed_data_foreign", f"the mandate to be signed differs in {', '.join(odd)}")
