"""Structured logs: one JSON object a line, ids instead of people.

Whoever logs gives ids; `redact` is the second lock: what is known to be sensitive by its key, or looks like an
e-mail address or a token, never leaves the process.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.observability.context import request_id, trace

REDACTED = "[redacted]"
_SENSITIVE = re.compile(
    r"(?i)(^|_)(password|passphrase|secret|token|authorization|cookie|email|e_mail|mail_to|address|identity|identities"
    r"|recipient|login|name|full_name|given_name|family_name|phone|birth\w*|body|credential_text|query_string|authorization_code"
    r"|code_verifier|jwt|private_key|api_key|narrative|applicant)$"
)
_HARMLESS = frozenset(
    {"logger_name", "event_name", "task_name", "worker_name", "job_name", "service_name", "status_code"}
)
_EMAIL = re.compile(r"[^\s@<>\"'(),;:]{1,64}@[^\s@<>\"'(),;:]+\.[A-Za-z]{2,63}")
_SECRET = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(?i:bearer)\s+[\w.~+/=-]{8,}")
_MAX_TEXT = 8_192
_service = ""


class _Lines(logging.Formatter):
    """structlog's lines as they are; the libraries' lines through the same processors."""

    def __init__(self) -> None:
        super().__init__()
        self._foreign = structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_PROCESSORS,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _RENDER],
        )

    def format(self, record: logging.LogRecord) -> str:
        if getattr(record, "confer_rendered", False):
            return str(record.msg)
        return self._foreign.format(record)


def configure(service: str, level: str = "info") -> None:
    """Send every log line of this process (ours, uvicorn's, the libraries') to stderr as JSON. Once per process."""
    global _service  # noqa: PLW0603  (one process, one service: the process sets its name once)
    _service = service
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for server in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(server).handlers[:] = []
        logging.getLogger(server).propagate = (
            server != "uvicorn.access"
        )  # its lines hold query strings; ours do not
    for chatty in ("httpx", "httpcore", "aiokafka", "aiosqlite", "sqlalchemy.engine"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; `log.info("award.issued", award=award.id)`: an event in dotted words, then ids."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: drop what is sensitive by key, mask what looks like an address or a token."""
    return {key: REDACTED if _sensitive(key) else _masked(value) for key, value in event.items()}


def _sensitive(key: str) -> bool:
    return key not in _HARMLESS and _SENSITIVE.search(key) is not None


def _masked(value: Any, depth: int = 4) -> Any:
    if isinstance(value, str):
        return _SECRET.sub(REDACTED, _EMAIL.sub(REDACTED, value[:_MAX_TEXT]))
    if isinstance(value, dict) and depth:
        return {
            key: REDACTED if _sensitive(str(key)) else _masked(each, depth - 1) for key, each in value.items()
        }
    if isinstance(value, list | tuple) and depth:
        return [_masked(each, depth - 1) for each in value]
    return value


def _with_request(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if current := request_id.get():
        event.setdefault("request_id", current)
    if span := trace.get():
        event.setdefault("trace_id", span.trace_id)
    return event


def _named(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if _service:
        event.setdefault("service", _service)
    return event


def _rendered(logger: Any, name: str, event: MutableMapping[str, Any]) -> tuple[tuple[Any], dict[str, Any]]:
    return (_RENDER(logger, name, event),), {"extra": {"confer_rendered": True}, "exc_info": None}


_RENDER = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
_PROCESSORS: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    _with_request,
    _named,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.format_exc_info,
    redact,
]
# At import, so that no line ever takes structlog's default way, which prints the values of local variables.
structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *_PROCESSORS, _rendered],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
