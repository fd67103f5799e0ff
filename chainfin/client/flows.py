"""What a participant's program does with its key, step by step: sign its own acts, and wait for what it began.

Like `calls`, these are steps that `Client` and `AsyncClient` carry out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chainfin.client import asked, operations
from chainfin.client.calls import Calls
from chainfin.client.operation import Operation
from chainfin.client.problem import ApiProblem
from chainfin.client.steps import Flow
from chainfin.errors import Refused
from chainfin.eth import eip712
from chainfin.eth.abi import from_hex
from chainfin.values.money import Money

if TYPE_CHECKING:
    from chainfin.client.forms import ActOut, ApplicationDetail, ApplicationOut, MandateOut, ReceivableOut

T = TypeVar("T")
_WORDS = (*eip712.OFFERED, *eip712.RIDING, *eip712.KEPT)
_DECIDING = ("received", "data_check")
"""An application's first states (`rules.application.State`)."""
_ACCEPTING = ("/v1/applications/{application_id}/accept", "/v1/substitutions/{substitution_id}/accept")


def confirmation(known: Mapping[str, Any] | ReceivableOut) -> dict[str, Any]:
    """What a debtor says when it confirms: root, face and day, so that nothing else can be put before it."""
    face = {"amount": known["face"], "currency": known["currency"]}
    return {"document_root": known["document_root"], "face": face, "due_date": known["due_date"]}


class Flows(Calls):
    """What one does with a key of one's own."""

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
        for each in answer.get("further", ()):  # the other claims of an invoice that is due in parts
            each["act"] = yield from self._ended(operation, each, each["act"])
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
            try:
                yield from self.call(operations.acts_sign(act["id"], signature=signature))
            except ApiProblem as problem:
                # another program with this key signs what waits, and was first
                if problem.code != "signature_replayed":
                    raise
        over = ("refused", "expired", *done)
        ended = yield from self.wait(operations.acts_get_act(act["id"]), lambda now: now["status"] in over)
        if ended["status"] not in done:
            error = ended["error"] or {"code": f"act_{ended['status']}", "message": ended["status"]}
            raise ApiProblem(409, {"code": error["code"], "detail": error["message"]})
        return ended

    def sign_waiting(self, *functions: str) -> Flow[int]:
        """Sign every act that waits for this party and isn't an offer (a lender's pledges, a bank attesting what it
        booked); of these ``functions`` alone, where some are named. Returns how many.

        One that is refused, as it has been overtaken, keeps none of the others waiting. Raises Refused acts_refused
        once all were tried (``details``: how many were signed, and which were refused why).
        """
        found = yield from self.every(operations.acts_list_acts(status="awaiting_signature"))
        open_ = [act for act in found if act["function"] not in eip712.OFFERED]
        waiting = [act for act in open_ if not functions or act["function"] in functions]
        refused: list[dict[str, object]] = []
        for act in waiting:
            try:
                yield from self.finish(act)
            except (ApiProblem, Refused) as problem:
                if isinstance(problem, ApiProblem) and not problem.of_the_act:
                    raise
                why = {"code": problem.code, "message": problem.message}
                refused.append({"id": act["id"], "function": act["function"], "subject": act["subject"], **why})
        if refused:
            detail = "; ".join("{function} of {subject} ({id}): {code}: {message}".format_map(each) for each in refused)
            raise Refused("acts_refused", detail, signed=len(waiting) - len(refused), refused=refused)
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
        # who has just applied is decided on meanwhile: an offer, a person's look or an end is waited for
        looking = Operation[Any]("GET", place, operation.ids)
        seen = yield from self.wait(looking, lambda now: now["status"] not in _DECIDING)
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
        if self.chain_id is not None and int(domain["chainId"]) != self.chain_id:
            raise asked.foreign(f"it is for chain {domain['chainId']}, and the sign-in was for {self.chain_id}")
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
