"""The ``Idempotency-Key`` of a request, and answers as its retries get them (see `services.kernel.idempotency`)."""

from __future__ import annotations

import contextlib
import hashlib
import re

import orjson
from starlette.responses import Response

from chainfin.errors import BadInput
from chainfin.services.kernel.idempotency import Answer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY_PATTERN = "^[!-~]{1,255}$"
_KEPT_HEADERS = ("content-type", "content-language", "location")
_KEY = re.compile(KEY_PATTERN)


def check_key(value: str | None) -> str:
    """The header's value. Raises BadInput idempotency_key_missing, idempotency_key_malformed."""
    if value is None:
        raise BadInput("idempotency_key_missing", f"this needs an {HEADER} header", where=f"header:{HEADER}")
    if not _KEY.fullmatch(value):
        raise BadInput(
            "idempotency_key_malformed", f"{HEADER} is 1 to 255 printable ASCII characters", where=f"header:{HEADER}"
        )
    return value


def body_digest(body: bytes) -> str:
    """SHA-256 of the body; of JSON in canonical form, so that another order of members is the same body."""
    # what is not JSON counts by its bytes
    with contextlib.suppress(orjson.JSONDecodeError):
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()


def kept(answer: Response) -> Answer:
    """What a retry is answered with."""
    headers = {name: value for name, value in answer.headers.items() if name.lower() in _KEPT_HEADERS}
    return Answer(answer.status_code, headers, bytes(answer.body))


def replayed(answer: Answer) -> Response:
    """The answer that was given before, marked as such."""
    return Response(answer.body, answer.status_code, headers={**answer.headers, REPLAYED: "true"})
