"""Structured log without personal data (design section 5).

Log events carry ids, counts and file names only. As a second fence, fields with a name that means personal data or a
secret are masked whatever their value.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

_PERSONAL = ("name", "full_name", "address", "phone", "email", "birth_date", "text")
_SECRET = ("pin", "password", "key", "secret", "token")
_MASKED = frozenset((*_PERSONAL, *_SECRET))


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field in _MASKED & event.keys():
        event[field] = "…"
    return event


_LOOK_BYTES = 64_000
"""Between two looks at how large the file has become."""


class _LogFile(logging.handlers.RotatingFileHandler):
    """The rotated file of the standard library, which makes each line twice and asks thrice what the file is."""

    _since_look = _LOOK_BYTES

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, in a fresh file where this one is full."""
        try:
            line = (self.format(record) + self.terminator).encode(self.encoding or "utf-8")
            self._since_look += len(line)
            if self.stream is not None and self._since_look > _LOOK_BYTES:
                self._since_look = 0
                if os.fstat(self.stream.fileno()).st_size + len(line) > self.maxBytes:
                    self.doRollover()
            if self.stream is None:
                self.stream = self._open()
            os.write(self.stream.fileno(), line)
        except Exception:  # as in the standard library: a log never ends what it tells of
            self.handleError(record)


def configure(log_file: Path | None, *, level: str = "INFO") -> None:
    """Send structured JSON lines to `log_file` (rotated at 10 MB, 5 kept). Called once by the edge that starts."""
    # A full disk loses lines of the log; it must not answer each of them with a traceback.
    logging.raiseExceptions = False
    handlers: list[logging.Handler] = [logging.NullHandler()]
    if log_file is not None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        handlers = [_LogFile(log_file, maxBytes=10_000_000, backupCount=5, encoding="utf-8")]
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
    )
    for handler in handlers:
        handler.setFormatter(formatter)
    logging.basicConfig(handlers=handlers, level=level, force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
