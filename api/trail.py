"""An application's nodes as a stream of events: one as a node starts, one as it ends, one at the end of all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from api.schemas.lending import EndEvent, NodeEvent, RefusalOut
from api.sse import END, Batch, Event, Source
from chainfin.errors import BadInput
from chainfin.rules.application import OVER, State
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.reads import queries
from chainfin.services.views.lending import NodeView

RESTING = OVER | {State.REVIEW}
"""States that don't change by themselves; a review waits for a person, and an appeal is another application."""

_ID = re.compile(r"([1-9][0-9]{0,8})(-started|-ended)?")

STREAM_SCHEMA = {
    "type": "object",
    "required": ["id", "event", "data"],
    "properties": {
        "id": {"type": "string", "description": "send it back as Last-Event-ID to go on from here"},
        "event": {"enum": ["node", END]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"oneOf": [NodeEvent.model_json_schema(), EndEvent.model_json_schema()]},
        },
    },
}
"""One event of the stream, for the OpenAPI document."""
STREAM_EXAMPLE = {
    "id": "3-ended",
    "event": "node",
    "data": '{"seq":3,"node":"credit_score","phase":"ended","at":"2026-11-21T09:00:01Z","seconds":"0.020000",'
    '"outcome":"done","detail":{}}',
}


def parse_id(value: str | None) -> tuple[int, bool]:
    """An event id "<seq>-started" or "<seq>-ended" (a bare seq is as ended) → (seq, whether its end was seen).

    Raises BadInput last_event_id_invalid.
    """
    if value is None:
        return 0, True
    found = _ID.fullmatch(value)
    if found is None:
        raise BadInput("last_event_id_invalid", "Last-Event-ID is not the id of an event", where="header:Last-Event-ID")
    return int(found.group(1)), found.group(2) != "-started"


def source(ctx: Context, actor: Actor, application_id: str) -> Source:
    """What is new of the application's trail. Raises NotFound application_unknown; BadInput last_event_id_invalid."""

    def read(last_id: str | None) -> Batch:
        seq, ended = parse_id(last_id)
        trail = queries.trail(ctx, actor, application_id, seq if ended else seq - 1)
        news = list(_events(trail.progress, seen_start=0 if ended else seq))
        if trail.status not in RESTING:
            return Batch(news, ended=False)
        application = queries.application(ctx, actor, application_id).application
        final = EndEvent(
            application_id=application.id,
            status=application.status,
            loan_id=application.loan_id,
            refusals=[RefusalOut.model_validate(each) for each in application.refusals],
        )
        return Batch([*news, Event(END, END, final.model_dump(mode="json"))], ended=True)

    return read


def _events(nodes: Sequence[NodeView], *, seen_start: int) -> Iterator[Event]:
    """In order. Nodes follow one another: only the last one can be open, and its end comes with a later read."""
    for node in nodes:
        if node.seq != seen_start:
            yield Event(f"{node.seq}-started", "node", NodeEvent.started(node).model_dump(mode="json"))
        if node.ended_at is not None:
            yield Event(f"{node.seq}-ended", "node", NodeEvent.ended(node).model_dump(mode="json"))
