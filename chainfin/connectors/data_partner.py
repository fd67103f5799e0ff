"""Data of a borrower from the sources it consented to: sales, turnover, invoices; all sources asked at once.

A read changes nothing outside, so a lost answer is simply no data: Unavailable, never Unknown. What a source signed
is kept byte for byte: a decision must be replayable from it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from pydantic import JsonValue

from chainfin.connectors.http import HttpClient, quoted, read
from chainfin.connectors.outcome import Done, Outcome, Refused, Unavailable, Unknown, then
from chainfin.connectors.signature import Evidence
from chainfin.connectors.wire import DataAnswer, DataQuery, build

MAX_SOURCES = 16


@dataclass(frozen=True, slots=True)
class SourceData:
    """One source's answer. ``as_of`` is the last day it covers; ``payload`` is the source's own JSON."""

    source: str
    subject_id: str
    as_of: date
    payload: JsonValue
    evidence: Evidence

    def age_days(self, today: date) -> int:
        """Days since the data's last day; how old is too old is for policy to say."""
        return (today - self.as_of).days


class DataPartner:
    """One data partner (an aggregator of sources) behind an `HttpClient`."""

    def __init__(self, client: HttpClient, *, request_id: Callable[[], str] = lambda: secrets.token_hex(16)) -> None:
        self._client = client
        self._request_id = request_id

    def fetch(self, subject_id: str, consent: str, sources: Sequence[str]) -> Mapping[str, Outcome[SourceData]]:
        """Ask all sources at once; each has the client's time limits to itself, and fails for itself alone.

        Per source: Refused data_consent_missing, data_signature_invalid, data_source_unknown;
        Unavailable data_source_unavailable.
        """
        wanted = list(dict.fromkeys(sources))[:MAX_SOURCES]
        if not wanted:
            return {}
        with ThreadPoolExecutor(max_workers=len(wanted), thread_name_prefix="data-source") as pool:
            answers = pool.map(lambda source: self.fetch_one(subject_id, consent, source), wanted)
            return dict(zip(wanted, answers, strict=True))

    def fetch_one(self, subject_id: str, consent: str, source: str) -> Outcome[SourceData]:
        """As `fetch`, one source."""
        if not consent.strip() or not consent.isascii() or not consent.isprintable():
            return Refused("data_consent_missing", f"no consent of the subject covers {source}")
        query = build(DataQuery, {"subject_id": subject_id, "request_id": self._request_id()}, what="data query")
        answer = self._client.call(
            "POST",
            quoted("sources", source),
            json=query,
            headers={"authorization": f"Bearer {consent}"},
            idempotent=True,
        )
        return _read_only(then(answer, lambda seen: _accept(seen, source, query)), source)


def _accept(evidence: Evidence, source: str, query: DataQuery) -> Outcome[SourceData]:
    def build(body: DataAnswer) -> Outcome[SourceData]:
        # A signed answer to another question (another subject, or an older request) is a replay, however genuine.
        if (body.source, body.subject_id, body.request_id) != (source, query.subject_id, query.request_id):
            return Refused("data_signature_invalid", f"what {source} signed answers another question")
        return Done(SourceData(source, body.subject_id, body.as_of, body.payload, evidence))

    return then(read(DataAnswer, evidence), build)


def _read_only(outcome: Outcome[SourceData], source: str) -> Outcome[SourceData]:
    match outcome:
        case Unknown(code="partner_signature_invalid", message=message):
            return Refused("data_signature_invalid", f"{source}: {message}")
        case Unknown(message=message) | Unavailable(message=message):
            return Unavailable("data_source_unavailable", f"{source}: {message}")
        case _:
            return outcome
