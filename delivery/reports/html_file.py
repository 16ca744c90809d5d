"""A report as one static page: no script, no other file, readable on a phone, light and dark."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from delivery.reports.document import Report


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("delivery.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def html_of(report: Report) -> bytes:
    """The page, in UTF-8."""
    return _environment().get_template("report.html").render(report=report).encode()
