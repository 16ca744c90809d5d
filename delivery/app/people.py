"""Everything that is held of one person, in one file for that person: JSON for machines, a page to read, the files."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from delivery.app.core import App
from delivery.app.reports import today_of
from delivery.clock import VIETNAM, from_micros, to_iso
from delivery.errors import NotFound, TuxaError
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.record.segment import audience_of, writer_of
from delivery.regulation.calendar import load_calendar
from delivery.regulation.retention import RULES
from delivery.store.evidence import RegisterStore
from delivery.store.files import PARTIAL_SUFFIX, publish
from delivery.store.learners import LearnerRef
from delivery.store.people import Asked
from delivery.store.tables.network import ApiTokenTable, CredentialTable
from delivery.store.uploads import folder_of
from delivery.store.vault import profile_to

_credential: Table = CredentialTable.__table__  # type: ignore[attr-defined]
_token: Table = ApiTokenTable.__table__  # type: ignore[attr-defined]
ANSWER_DAYS = 2
"""Working days in which a request is to be answered (PD-3)."""
_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "application/pdf": ".pdf",
    "image/tiff": ".tif",
    "image/webp": ".webp",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was handed out."""

    file: Path
    sha256: str
    facts: int
    files: int


def document_of(app: App, learner: str) -> dict[str, Any]:
    """All that is known of a learner (learner id), without the bytes of files."""
    facts = list(app.facts.select(learner=learner))
    opened = app.vault.open_many(fact.id for fact in facts)
    profile = app.people.profile(learner)
    return {
        "learner": learner,
        "made_at": to_iso(app.clock.now()),
        "site": app.settings.site,
        "profile": profile_to(profile) if profile else None,
        "restricted": app.people.is_restricted(learner),
        "holdings": [
            {
                "holding": str(r.holding),
                "name": r.name,
                "purpose": r.purpose,
                "clause": r.clause,
                "keep": str(r.keep),
            }
            for r in RULES.values()
        ],
        "record": app.records.show(learner, app.catalogue()),
        "facts": [_fact_document(fact, opened.get(fact.id)) for fact in facts],
        "access": _access(app, learner),
        "uploads": _uploads(app, learner),
        "files": _file_names(facts),
        "seen": _seen(facts),
        "requests": log_of(app, learner),
        "sites": sorted(
            {site for f in facts for site in (writer_of(f.stream), audience_of(f.stream))} - {"all"}
        ),
    }


def _fact_document(fact: Fact, private: dict[str, Any] | None) -> dict[str, Any]:
    return {**fact.as_json(), "at": to_iso(from_micros(fact.occurred_at)), "private": private}


def _access(app: App, learner: str) -> dict[str, Any]:
    with app.database.read() as connection:
        held = select(_credential.c.set_at).where(_credential.c.account == learner)
        set_at = connection.execute(held).scalar()
        columns = (_token.c.label, _token.c.scopes, _token.c.made_at, _token.c.expires_at)
        tokens = connection.execute(select(*columns).where(_token.c.account == learner)).all()
    return {
        "secret_set_at": to_iso(from_micros(set_at)) if set_at else None,
        "tokens": [
            {
                "label": label,
                "scopes": scopes,
                "made_at": to_iso(from_micros(made)),
                "expires_at": to_iso(from_micros(expires)),
            }
            for label, scopes, made, expires in tokens
        ],
        "sessions": [
            {"started_at": to_iso(s.started_at), "expires_at": to_iso(s.expires_at)}
            for s in app.credentials.sessions.of(learner)
        ],
    }


def _uploads(app: App, learner: str) -> list[dict[str, Any]]:
    folder = folder_of(app.settings.home / "uploads", learner)
    out = []
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        told = json.loads(file.read_bytes())
        out.append({"made_at": to_iso(from_micros(told["made_at"])), "bytes": told["length"]})
    return out


def _images(facts: list[Fact]) -> Iterator[tuple[str, str]]:
    """(SHA-256 of an image, its name in the file)."""
    told: set[str] = set()
    for fact in facts:
        digest = fact.data.get("blob")
        if isinstance(digest, str) and digest not in told:
            told.add(digest)
            ending = _ENDINGS.get(fact.data.get("media_type", ""), ".bin")
            yield digest, f"files/{fact.activity or 'work'}-{len(told):03d}{ending}"


def _file_names(facts: list[Fact]) -> list[dict[str, str]]:
    return [{"sha256": digest, "name": name} for digest, name in _images(facts)]


def _seen(facts: list[Fact]) -> list[dict[str, str]]:
    looks = [fact for fact in facts if fact.kind is FactKind.PERSONAL_DATA_SEEN]
    return sorted(
        ({"day": f.data["day"], "actor": f.actor, "what": f.data["what"]} for f in looks),
        key=lambda row: (row["day"], row["actor"], row["what"]),
    )


def log_of(app: App, learner: str) -> list[dict[str, Any]]:
    """What the person asked for and got, with the day by which an answer was due."""
    out = []
    for fact in app.people.log(learner):
        asked = fact.data.get("asked", "")
        on = from_micros(fact.recorded_at).astimezone(VIETNAM).date()
        due = load_calendar().after(date.fromisoformat(asked), ANSWER_DAYS) if asked else None
        out.append(
            {
                "kind": str(fact.kind),
                "at": to_iso(from_micros(fact.recorded_at)),
                "actor": fact.actor,
                "asked": asked or None,
                "due": due.isoformat() if due else None,
                "in_time": on <= due if due else None,
                "reason": fact.data.get("reason", ""),
                "clauses": fact.data.get("clauses", []),
                "data": dict(fact.data),
            }
        )
    return out


def export_person(app: App, ref: LearnerRef, out: Path, asked: Asked) -> Exported:
    """Write everything into one ZIP file, readable by its owner only, and tell that it was handed out."""
    from delivery.reports.pdf_file import pdf_of

    document = document_of(app, ref.id)
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=out.parent, suffix=PARTIAL_SUFFIX)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            kept = _write_files(app, ref.id, document["files"], archive)
            document["files"] = kept
            archive.writestr("person.json", json.dumps(document, ensure_ascii=False, indent=2, default=str))
            archive.writestr("person.pdf", pdf_of(_report(app, document)))
        with part.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        app.people.note_export(ref, digest, asked)
        publish(part, out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Exported(out, digest, len(document["facts"]), len(kept))


def _write_files(
    app: App, learner: str, names: list[dict[str, str]], archive: zipfile.ZipFile
) -> list[dict[str, str]]:
    """The images that are here; one after the other, because there may be many."""
    kept = []
    for row in names:
        try:
            archive.writestr(row["name"], app.scans.get(learner, row["sha256"]))
        except NotFound:
            continue  # erased, or it lies at another site
        kept.append(row)
    return kept


def _report(app: App, document: dict[str, Any]) -> Any:
    from delivery.reports.person import person_report

    try:
        institution = app.catalogue().institution
        name, above, code = institution.name, institution.supervising_body, institution.code
    except TuxaError:
        name = above = code = ""
    details = RegisterStore(app.database).load().institution_details.get(code)
    place = (details.province if details else "").removeprefix("Tỉnh ").removeprefix("Thành phố ")
    return person_report(document, institution=name, above=above, place=place or "…", on=today_of(app))
