"""The formats of a report, and which writer makes each."""

from __future__ import annotations

import json
from enum import StrEnum

from delivery.i18n import Translator
from delivery.reports.document import Report


class Format(StrEnum):
    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


def render(report: Report, form: Format, translate: Translator) -> bytes:
    """The file's bytes. A writer is loaded when it is asked for."""
    if form is Format.PDF:
        from delivery.reports.pdf_file import pdf_of

        return pdf_of(report)
    if form is Format.DOCX:
        from delivery.reports.docx_file import docx_of

        return docx_of(report)
    if form is Format.HTML:
        from delivery.reports.html_file import html_of

        return html_of(report)
    from delivery.reports.data_files import csv_of, json_of, xlsx_of

    if form is Format.XLSX:
        return xlsx_of(report)
    if form is Format.CSV:
        return csv_of(report)
    return (json.dumps(json_of(report, translate), ensure_ascii=False, indent=2) + "\n").encode()
