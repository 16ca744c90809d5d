"""Lessons for other sites' own air and classrooms: told as facts by the main site, fetched by whom they concern.

A bundle is one JSON blob: the manifests of a lesson's assets and the addresses of all their files. Once every file is
here and proved, the assets enter this site's library; whether they may be aired or shown is judged here, as anywhere,
by their approval, which came as a fact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import structlog
from sqlalchemy import Table, select

from delivery.clock import Clock, to_micros
from delivery.errors import TuxaError
from delivery.ids import fact_id
from delivery.record.canonical import canonical, parse
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.record.segment import writer_of
from delivery.store.blobs import Blobs
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.media import LessonRow, MediaStore
from delivery.store.tables.core import MaterialStateTable

_state: Table = MaterialStateTable.__table__  # type: ignore[attr-defined]
_ADDRESS = re.compile(r"[0-9a-f]{64}")
_READY = ("approved", "in_use")
_log = structlog.get_logger(__name__)


class SharedMedia:
    """Offers and adopts lessons."""

    def __init__(
        self, database: Database, blobs: Blobs, facts: FactLog, *, site: str, main: str, clock: Clock
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._facts = facts
        self._media = MediaStore(database)
        self._site = site
        self._main = main
        self._clock = clock

    # --- at the main site ---

    def offer(self) -> int:
        """Tell of every approved lesson that was not told yet; how many."""
        if self._site != self._main:
            return 0
        # With an empty learner, so that the index over learner and kind answers.
        told = {
            (f.data["material"], f.data["asset"])
            for f in self._facts.select(kind=FactKind.MEDIA_SHARED, learner="")
        }
        newest = {row.material: row for row in self._media.lessons()}
        fresh = [row for row in newest.values() if (row.material, row.asset) not in told and self._ready(row)]
        drafts = [draft for row in fresh for draft in self._draft(row)]
        if drafts:
            self._facts.append(drafts, once=True)
        return len(drafts)

    def _ready(self, row: LessonRow) -> bool:
        query = select(_state.c.material).where(
            _state.c.material == row.material, _state.c.content == row.content, _state.c.state.in_(_READY)
        )
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def _draft(self, row: LessonRow) -> Iterator[Draft]:
        documents = list(self._documents(row.asset))
        sources = {str(document.get("source")) for document in documents}
        files = sorted({address for document in documents for address in _addresses(document)})
        # The source of a lesson is named by a hash as well, and is no part of it.
        here = [address for address in files if address not in sources and self._blobs.exists(address)]
        if not documents or not here:
            return
        bundle = {
            "assets": [_as_text(document) for document in documents],
            "content": row.content,
            "files": here,
            "title": row.title,
            "unit": row.unit,
        }
        yield Draft(
            id=fact_id(FactKind.MEDIA_SHARED, row.material, row.asset),
            kind=FactKind.MEDIA_SHARED,
            occurred_at=to_micros(self._clock.now()),
            actor="sync",
            course=row.course,
            data={"material": row.material, "asset": row.asset, "bundle": self._blobs.put(canonical(bundle))},
        )

    def _documents(self, asset: str) -> Iterator[dict[str, Any]]:
        document = self._media.document(asset)
        if document is not None:
            yield document
            if twin := document.get("twin"):
                yield from self._documents(twin)

    # --- at every site ---

    def _newest(self, courses: Collection[str]) -> list[Fact]:
        """What the main site told last of each material of these courses."""
        out: dict[str, Fact] = {}
        for fact in self._facts.select(kind=FactKind.MEDIA_SHARED, learner=""):
            if fact.course in courses and writer_of(fact.stream) == self._main:
                out[fact.data["material"]] = fact
        return list(out.values())

    def needed(self, courses: Collection[str]) -> set[str]:
        """Addresses of the bundles of these courses, and of the files of those bundles that are here."""
        out: set[str] = set()
        for fact in self._newest(courses):
            out.add(fact.data["bundle"])
            bundle = self._bundle(fact)
            out.update(bundle["files"] if bundle else ())
        return out

    def adopt(self, courses: Collection[str]) -> int:
        """Take lessons whose files are all here into this site's library; how many."""
        known = {(row.material, row.asset) for row in self._media.lessons()}
        done = 0
        for fact in self._newest(courses):
            material, asset = fact.data["material"], fact.data["asset"]
            bundle = self._bundle(fact) if (material, asset) not in known else None
            if bundle is None or not all(self._blobs.exists(address) for address in bundle["files"]):
                continue
            now = to_micros(self._clock.now())
            try:
                documents = [parse(text) for text in bundle["assets"]]
                with self._database.write() as connection:
                    for document in documents:
                        content = bundle["content"] if document["id"] == asset else ""
                        self._media.put_asset(connection, document, generated=False, now=now, content=content)
                    self._media.put_lesson(
                        connection,
                        material=material,
                        asset=asset,
                        course=fact.course,
                        unit=bundle["unit"],
                        title=bundle["title"],
                        now=now,
                    )
            except (ValueError, KeyError, TypeError) as error:
                _log.error("sync.media_unusable", asset=asset, reason=type(error).__name__)
                continue
            done += 1
        return done

    def _bundle(self, fact: Fact) -> Mapping[str, Any] | None:
        """The bundle, where it is here and is one."""
        address = fact.data["bundle"]
        if not _ADDRESS.fullmatch(address) or not self._blobs.exists(address):
            return None
        try:
            bundle: dict[str, Any] = parse(self._blobs.get(address))
            files, assets = bundle["files"], bundle["assets"]
            if not all(type(text) is str for text in (*assets, bundle["content"], bundle["title"])):
                raise ValueError("assets")
            if not all(_ADDRESS.fullmatch(address) for address in files) or type(bundle["unit"]) is not int:
                raise ValueError("files")
        except (TuxaError, ValueError, KeyError, TypeError) as error:
            _log.error("sync.media_unreadable", bundle=address, reason=type(error).__name__)
            return None
        return bundle


def _as_text(document: Mapping[str, Any]) -> str:
    """A manifest as text: it holds measured numbers, which canonical documents may not."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def _addresses(value: Any) -> Iterator[str]:
    """Everything in a manifest that looks like the address of a blob."""
    if isinstance(value, str):
        if _ADDRESS.fullmatch(value):
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _addresses(item)
    elif isinstance(value, list):
        for item in value:
            yield from _addresses(item)
