"""What CloudWatch Logs refuses and moto takes
(docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html)."""

from typing import Any

from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogStream

_put = LogStream.put_log_events
_MOST_BYTES, _EXTRA_BYTES, _MOST_EVENTS, _MOST_MS = 1_048_576, 26, 10_000, 86_400_000


def install() -> None:
    LogStream.put_log_events = _put_log_events


def _put_log_events(self: LogStream, log_events: list[dict[str, Any]]) -> str:
    times = [int(one["timestamp"]) for one in log_events]
    size = sum(len(one["message"].encode()) + _EXTRA_BYTES for one in log_events)
    if len(times) > _MOST_EVENTS or any(not one["message"] for one in log_events):
        raise InvalidParameterException("at most 10000 events, and each has a message")
    if times != sorted(times):
        words = "Log events in a single PutLogEvents request must be in chronological order."
        raise InvalidParameterException(words)
    # Those that are too old or of the future are gone already.
    if times and times[-1] - times[0] > _MOST_MS:
        raise InvalidParameterException("The batch of log events cannot span more than 24 hours.")
    if size > _MOST_BYTES:
        raise InvalidParameterException(f"Upload too large: {size} bytes exceeds limit of {_MOST_BYTES}")
    return str(_put(self, log_events))
