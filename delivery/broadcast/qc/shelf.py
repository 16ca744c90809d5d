"""Where reports lie: with the asset as a blob, or in ``<home>/qc`` for files that were refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from delivery.broadcast.qc.report import Report
from delivery.broadcast.qc.verdict import Verdict
from delivery.errors import N_, Message, NotFound
from delivery.ids import digest_of
from delivery.store.blobs import Blobs
from delivery.store.files import write_whole
from delivery.store.media import JobRow, MediaStore


class Shelf:
    """The reports of one home."""

    def __init__(self, home: Path, blobs: Blobs, media: MediaStore) -> None:
        self._folder = home / "qc"
        self._blobs = blobs
        self._media = media

    def keep_with_asset(self, report: Report) -> str:
        """Store the report of a recording that passed; the address to note in its job."""
        self._file(report).unlink(missing_ok=True)
        return self._blobs.put(_encoded(report))

    def keep_refused(self, report: Report) -> Path:
        """Store the report of a recording that was refused, in place of an earlier one."""
        file = self._file(report)
        write_whole(file, _encoded(report))
        return file

    def of_source(self, source: str, kind: str = "") -> Report | None:
        """The report on a file of these bytes, of this kind where one is named; None when there is none."""
        stored = {row.asset for row in self._media.lessons() if row.source == source}
        for job in self._media.jobs():
            report = self._of_job(job) if job.asset in stored else None
            if report and kind in ("", report.kind):
                return report
        for file in sorted(self._folder.glob(f"{source[:32]}-*.json")):
            report = Report.from_json(json.loads(file.read_text(encoding="utf-8")))
            if kind in ("", report.kind):
                return report
        return None

    def of_asset(self, name: str) -> Report:
        """The report on an asset (or the beginning of its id), or on a material's newest recording; or NotFound."""
        for job in self._media.jobs():
            if job.material == name or (len(name) >= 6 and job.asset.startswith(name)):
                report = self._of_job(job) or self._refused_of(job)
                if report:
                    return report
        raise NotFound(
            N_("There is no report on “{name}”."),
            do=N_("Name a file, or a material or asset of “tuxa media status”."),
            name=name,
        )

    def of_address(self, address: str) -> Report | None:
        """The report at a blob's address; None when there is no address."""
        return Report.from_json(json.loads(self._blobs.get(address))) if address else None

    def _of_job(self, job: JobRow) -> Report | None:
        return self.of_address(job.result.get("report", ""))

    def _refused_of(self, job: JobRow) -> Report | None:
        name = job.result.get("report_file")
        file = self._folder / name if name else None
        if file is None or not file.exists():
            return None
        return Report.from_json(json.loads(file.read_text(encoding="utf-8")))

    def _file(self, report: Report) -> Path:
        key = report.source[:32] or digest_of((report.file,))[:32]
        return self._folder / f"{key}-{report.profile.replace('/', '-')}.json"


def verdict_of(job: JobRow) -> str:
    """The verdict that a job noted; empty while it runs."""
    if job.state == "running":
        return ""
    usual = Verdict.PASS if job.state == "done" else Verdict.REFUSED
    return str(job.result.get("verdict", usual))


def problems_of(job: JobRow) -> list[Message]:
    """What somebody should look at, as a job noted it."""
    return [Message(msgid, dict(params)) for msgid, params in job.result.get("told", ())]


def _encoded(report: Report) -> bytes:
    document: dict[str, Any] = report.to_json()
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
