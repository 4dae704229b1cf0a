"""Log lines as JSON objects, for programs that collect them. Like plain ones they hold no patient data."""

import json
import logging
from datetime import UTC, datetime


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message; for an error its kind and places, never its message.

    An error's message may hold what somebody sent, so that it is left out here as it is where exfb logs.
    """

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if record.exc_info and record.exc_info[0] is not None:
            told["error"] = record.exc_info[0].__name__
            told["places"] = _places(record)
        return json.dumps(told, ensure_ascii=False)


def _places(record: logging.LogRecord) -> list[str]:
    """Return where in the program an error arose, the outermost place first."""
    places, trace = [], record.exc_info[2] if record.exc_info else None
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    return places
