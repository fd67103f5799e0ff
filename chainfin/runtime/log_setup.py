"""One voice: how everything that this process logs looks, and what must never stand in it.

structlog and the standard library's loggers go through the same processors, to stderr. ``json`` writes one object a
line for machines, ``console`` lines for people. What happened is the event's name; whom it concerns are fields of
their own, bound for as long as the work lasts (`bound`), so that one id finds every line about it.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import Processor

from chainfin.errors import BadInput, ChainfinError

Format = Literal["json", "console"]
LEVELS = ("debug", "info", "warning", "error", "critical")
IDS = ("request_id", "party_id", "application_id", "act_id", "tx_hash", "subject", "correlation")
"""The fields that lines are found by; the last two are a command's (see `services.kernel.commands`)."""

HIDDEN = "[hidden]"

_SECRET_WORDS = (
    "account",
    "address_line",
    "authorization",
    "cookie",
    "credentials",
    "legal_value",
    "name",
    "passphrase",
    "password",
    "payee",
    "payer",
    "private_key",
    "raw",
    "secret",
    "seed",
    "signature",
    "token",
)
"""A field of one of these names, or whose name ends so after an underscore, is hidden; `_SECRET_STARTS` as well."""
_SECRET_STARTS = ("account_", "payee_", "payer_", "secret_", "token_")
_WORD = rf"(?:[a-z0-9_]*_)?(?:{'|'.join(_SECRET_WORDS)})|(?:{'|'.join(_SECRET_STARTS)})\w+"
_SECRET_FIELD = re.compile(_WORD, re.IGNORECASE)

_IN_TEXT: tuple[tuple[re.Pattern[str], str], ...] = (
    # SQLAlchemy's statement parameters, PostgreSQL's key and row values, pydantic's input
    (re.compile(r"\[parameters: .*?\](?=\s|$)", re.DOTALL), f"[parameters: {HIDDEN}]"),
    (re.compile(r"(Key \([^)]*\))=\(.*?\)(?= )"), rf"\1=({HIDDEN})"),
    (re.compile(r"(Failing row contains) \(.*\)"), rf"\1 ({HIDDEN})"),
    (re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL), f"input_value={HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(://[^\s:/@]*):[^\s@/]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]+\.[\w-]*"), HIDDEN),
    # name=value, "name": value
    (
        re.compile(
            rf"""(?ix)(?<![a-z0-9_])(["']?(?:{_WORD})["']?\s*[=:]\s*)
                ("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;)}}\]]+)"""
        ),
        rf"\1{HIDDEN}",
    ),
    # a key, a signature and a hash look alike in free text: eight digits tell which one without being it
    (re.compile(r"\b((?:0x)?[0-9a-fA-F]{8})[0-9a-fA-F]{56,}\b"), r"\1…"),
)


def configure(format_: str | None = None, level: str | None = None, *, stream: TextIO | None = None) -> None:
    """Set logging up for this process; calling it again replaces what was set.

    ``format_``: json or console; None is console on a terminal, else json. ``level``: the least that is written, info
    by default. ``stream``: stderr by default. Raises BadInput setting_invalid.
    """
    out = stream or sys.stderr
    chosen = format_ or ("console" if out.isatty() else "json")
    if chosen not in ("json", "console"):
        raise BadInput(
            "setting_invalid", f"CHAINFIN_LOG_FORMAT is json or console, not {format_!r}", where="CHAINFIN_LOG_FORMAT"
        )
    wanted = (level or "info").lower()
    if wanted not in LEVELS:
        raise BadInput(
            "setting_invalid",
            f"CHAINFIN_LOG_LEVEL is one of {', '.join(LEVELS)}, not {level!r}",
            where="CHAINFIN_LOG_LEVEL",
        )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _places,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if chosen == "json"
        else structlog.dev.ConsoleRenderer(
            colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), _once],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
    )
    handler: logging.Handler = _Stderr() if stream is None else logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [each for each in root.handlers if getattr(each, _OURS, False)]:
        root.removeHandler(old)
    setattr(handler, _OURS, True)
    root.addHandler(handler)
    root.setLevel(wanted.upper())
    for chatty in ("httpx", "httpcore", "alembic"):
        # the first two write whole addresses of calls, which name payments; the third what it doesn't do
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _places(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An error as `trace_of` tells it."""
    found = event.pop("exc_info", None)
    error = found if isinstance(found, BaseException) else sys.exc_info()[1]
    if isinstance(found, tuple):
        error = found[1]
    if found and error is not None:
        event["exception"] = trace_of(error)
    return event


def trace_of(error: BaseException) -> str:
    """Where an error came from and of which kind it is, with what led to it: places in the code, types, codes of ours.
    Never its text, nor variables: what a partner wrote, a name or an account may stand in any of them."""
    parts: list[str] = []
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        ours = f": {now.code}" if isinstance(now, ChainfinError) else ""
        parts.append("".join(traceback.format_tb(now.__traceback__)) + type(now).__qualname__ + ours)
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return "\nled to\n".join(reversed(parts))


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what sys.stderr is at that moment, not to what it was when logging was set up."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # a plain attribute there, as in logging's own handler of last resort
        return sys.stderr


_OURS = "_chainfin_handler"


def _once(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What another handler's formatter left on the record is in the event already."""
    for left in ("message", "asctime"):
        event.pop(left, None)
    return event


def bound(**ids: str | None) -> AbstractContextManager[None]:
    """Within the block every line carries these ids (see `IDS`); those that are None are left out."""
    return structlog.contextvars.bound_contextvars(**{name: value for name, value in ids.items() if value is not None})


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what must not be logged: values of fields that hold secrets, names and accounts, and what looks like one
    in free text (messages, tracebacks).

    A name without its field's name before it can't be told from other words: don't put names into messages.
    """
    for key, value in event.items():
        event[key] = _clean(key, value)
    return event


def _clean(key: str, value: Any) -> Any:
    if key in IDS or key in _PLAIN:
        return value
    if _is_secret(key):
        return None if value is None else HIDDEN
    if isinstance(value, Mapping):
        return {str(name): _clean(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", inner) for inner in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean_text(str(value))


_PLAIN = frozenset(("level", "logger", "timestamp", "loop"))


def _is_secret(key: str) -> bool:
    return _SECRET_FIELD.fullmatch(key.replace("-", "_")) is not None


def clean_text(text: str) -> str:
    """Free text without what looks like a secret, an account or a party's name behind a field's name."""
    for pattern, instead in _IN_TEXT:
        text = pattern.sub(instead, text)
    return text
