"""Log records -> lines on stderr, as text or as JSON; warnings only unless the operator wants more."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .settings import Settings

TEXT = "forerun: %(levelname)s: %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """One JSON object a record: time (seconds since the epoch), level, logger, message, and the exception if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


def log_to_stderr(settings: Settings) -> None:
    """Set the log up; the SDK's own set-up, which comes later, then changes nothing."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if settings.log_format == "json" else logging.Formatter(TEXT))
    logging.basicConfig(handlers=[handler], level=logging.INFO if settings.verbose else logging.WARNING)
