"""Log lines: structured, to stderr, without secrets."""

import logging
import sys
from typing import Literal, TextIO, cast

import structlog


class _Stderr:
    """Standard error as it is at the time of a line, which is not always what it was at the start."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logging(form: Literal["console", "json"], *, level: int = logging.INFO) -> None:
    """Write log lines for a person or, as `json`, for a collector. Called once, by the process that starts."""
    last = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=cast("TextIO", _Stderr()), level=logging.WARNING, format="%(levelname)s %(name)s %(message)s"
    )
