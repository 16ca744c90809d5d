"""Counts of what the portal did, in the text format that Prometheus reads (version 0.0.4)."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram of answer times, in seconds."""


@dataclass(slots=True)
class Measures:
    """Requests by method, route and status, and how long their answers took. No value names a person."""

    _requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    _times: defaultdict[str, list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0] * (len(BUCKETS_S) + 1))
    )
    _seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one answered request."""
        bucket = next((at for at, bound in enumerate(BUCKETS_S) if seconds <= bound), len(BUCKETS_S))
        with self._lock:
            self._requests[method, route, status] += 1
            self._times[route][bucket] += 1
            self._seconds[route] += seconds

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """The whole exposition; `gauges` are name -> (help, value)."""
        lines = [
            "# HELP tuxa_requests_total Requests that were answered.",
            "# TYPE tuxa_requests_total counter",
        ]
        with self._lock:
            for (method, route, status), count in sorted(self._requests.items()):
                labels = f'method="{_label(method)}",route="{_label(route)}",status="{status}"'
                lines.append(f"tuxa_requests_total{{{labels}}} {count}")
            lines += [
                "# HELP tuxa_request_seconds Time from the request to the end of its answer.",
                "# TYPE tuxa_request_seconds histogram",
            ]
            for route, counts in sorted(self._times.items()):
                lines += self._histogram(route, counts)
        for name, (meaning, value) in gauges.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"

    def _histogram(self, route: str, counts: list[int]) -> list[str]:
        lines, total = [], 0
        for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), counts, strict=True):
            total += count
            lines.append(f'tuxa_request_seconds_bucket{{route="{_label(route)}",le="{bound}"}} {total}')
        lines.append(f'tuxa_request_seconds_sum{{route="{_label(route)}"}} {self._seconds[route]:.6f}')
        lines.append(f'tuxa_request_seconds_count{{route="{_label(route)}"}} {total}')
        return lines


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
