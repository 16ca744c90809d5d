"""Reading follows filing: the bubbles of every page of work whose layout has some are read once.

What is read is a proposal (:mod:`delivery.postal.incoming.marks`). Pages that came through the portal are read by the
same way as those of a scan, whenever the desk next looks: a photograph in which the page is not found surely gives
answers in doubt.

Nobody can see whose pen filled in the lecturer's strip. But a sheet comes from its learner first, with the strip empty:
a mark is proposed only where a scan of the same sheet was seen with an empty strip before. One that stood there when
the sheet first came is in doubt, for the learner may have written it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from functools import lru_cache

from delivery.errors import LedgerBroken, NotFound, TuxaError
from delivery.postal.incoming.fields import Field, read_fields
from delivery.postal.parts import Desk
from delivery.postal.sheetlayout import PacketLayout, SheetLayout
from delivery.record.kinds import FactKind
from delivery.store.readings import (
    CHOICE,
    COUNTS,
    DOUBTFUL,
    KNOWN,
    MARK,
    NOTHING,
    PROPOSED,
    UNSEEN,
    WAITING,
    Reading,
    Readings,
    reading_id,
)
from delivery.store.returned import ReturnedPage, ReturnedPages

_AHEAD = 8
PHONE = "phone"
DIFFERS = "differs"
"""Another picture of the same page says something else."""


def read_filed(desk: Desk, executor: Executor, facts: Sequence[str], *, ahead: int = _AHEAD) -> int:
    """Read the bubbles of pages of work that were not read yet; how many were read. Stops and goes on at any page.

    `ahead` is how many pages `executor` is given at once.
    """
    read = 0
    under_way: deque[tuple[ReturnedPage, Future[list[Field]]]] = deque()

    def keep_first() -> None:
        page, future = under_way.popleft()
        # What learners send themselves bears no mark of a lecturer, whatever is filled in there.
        fields = [entry for entry in future.result() if page.channel != PHONE or entry.use == CHOICE]
        _keep(desk, page, fields)

    for page, layout in _to_read(desk, facts):
        image = _image(desk, page) if layout else b""
        if layout is None or not image:
            _keep(desk, page, [])
            continue
        read += 1
        under_way.append((page, executor.submit(read_fields, image, page.media_type, layout)))
        if len(under_way) > ahead:
            keep_first()
    while under_way:
        keep_first()
    return read


def read_unread(
    desk: Desk, executor: Executor, *, since: int = 0, limit: int = 0, ahead: int = _AHEAD
) -> int:
    """Read pages that no intake has read: what came through the portal, or was left by one that was killed.

    Of those that came `since` (µs since 1970 UTC) at most `limit`, all with 0; how many were read. Two desks that do
    so at once do no harm.
    """
    facts = Readings(desk.database).unread(since=since, limit=limit)
    return read_filed(desk, executor, facts, ahead=ahead)


def _image(desk: Desk, page: ReturnedPage) -> bytes:
    """The picture of a page that this site took in; nothing for one that another site has, and reads."""
    told = desk.facts.get(page.fact)
    if told is None or told.stream.partition("/")[0] != desk.settings.site:
        return b""
    try:
        return desk.scans.get(page.learner, page.blob)
    except (NotFound, LedgerBroken):
        return b""  # erased since, or damaged: an audit names it


def _to_read(desk: Desk, facts: Sequence[str]) -> Iterator[tuple[ReturnedPage, SheetLayout | None]]:
    """Pages of work that were not read, with their layout where it has bubbles."""
    done = Readings(desk.database).read_already(facts)
    pages = ReturnedPages(desk.database).with_facts([fact for fact in facts if fact not in done])

    @lru_cache(maxsize=16)
    def layouts(address: str) -> PacketLayout:
        return PacketLayout.from_json(desk.blobs.get(address))

    for page in pages.values():
        if page.kind != FactKind.WORK_RECEIVED:
            continue
        sheet = desk.sheets.by_page(page.sheet) if page.sheet else None
        try:
            layout = layouts(sheet.layout).pages[sheet.position - 1] if sheet and sheet.layout else None
        except (TuxaError, ValueError, IndexError):
            layout = None  # the record is gone: a person reads the page itself
        yield page, layout if layout and layout.bubbles else None


def _keep(desk: Desk, page: ReturnedPage, fields: Sequence[Field]) -> None:
    """Remember what was read on a page; also that nothing was, so that it is not read again."""
    readings = Readings(desk.database)
    before = readings.of_work(page.learner, page.activity, page=page.page)
    unmarked = came_empty(desk, page, before)
    with desk.database.write() as connection:
        rows = []
        for found in fields:
            crop = desk.scans.put_in(connection, page.learner, found.crop) if found.crop else ""
            state, doubt = _judged(found, before, unmarked=unmarked)
            rows.append(_row(page, found.use, found.question, found, crop=crop, state=state, doubt=doubt))
        readings.keep_in(connection, rows or [_row(page, "none", 0, None, state=NOTHING)])


def came_empty(desk: Desk, page: ReturnedPage, before: Sequence[Reading]) -> bool:
    """Whether another scan of the same sheet shows an empty strip; `before` are readings of the same page."""
    empty = {row.work for row in before if row.use == MARK and row.state == NOTHING}
    if page.fact in empty or not empty:
        return False
    return any(
        other.fact in empty and other.channel != PHONE
        for other in ReturnedPages(desk.database).of_sheet(page.sheet)
    )


def _judged(found: Field, before: Sequence[Reading], *, unmarked: bool) -> tuple[str, str]:
    """State of a new reading: another picture of the same page may have told the same, or something else."""
    if found.use == MARK and not found.read and not found.doubt:
        return NOTHING, ""
    same = [row for row in before if (row.use, row.question) == (found.use, found.question)]
    others = [
        (row.value if row.state in COUNTS else row.read)
        for row in same
        if row.state in COUNTS or (row.state in WAITING and not row.doubt)
    ]
    if found.doubt:
        # Nothing new is learned from a picture that cannot be read, beside one that could, or that asks the same.
        asked = any(row.state in WAITING and row.doubt == found.doubt for row in same)
        return (KNOWN if others or asked else DOUBTFUL), found.doubt
    if not others:
        return (DOUBTFUL, UNSEEN) if found.use == MARK and not unmarked else (PROPOSED, "")
    return (KNOWN, "") if found.read in others else (DOUBTFUL, DIFFERS)


def _row(
    page: ReturnedPage,
    use: str,
    question: int,
    found: Field | None,
    *,
    state: str,
    crop: str = "",
    doubt: str = "",
) -> Reading:
    return Reading(
        reading_id(page.fact, use, question),
        page.fact,
        page.learner,
        page.course,
        page.activity,
        page.page,
        use,
        question,
        found.read if found else "",
        found.confidence if found else 0,
        doubt,
        crop,
        state,
    )


def waiting_readings(desk: Desk, facts: Sequence[str]) -> int:
    """How many readings of these pages wait for a person."""
    return len(Readings(desk.database).of_works(facts, *WAITING))
