"""Pages of a batch for a terminal: a specimen before anything is drawn, and every file that was drawn."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from delivery.clock import VIETNAM
from delivery.errors import N_, NotFound, Refused
from delivery.postal.outgoing.make import local_date
from delivery.postal.outgoing.order import to_do
from delivery.postal.outgoing.packet import BatchSpec
from delivery.postal.outgoing.sources import batch_day, make_spec
from delivery.postal.outgoing.specimen import specimen
from delivery.store.packets import Packets

if TYPE_CHECKING:
    from PIL import Image

    from delivery.app.core import App

SPECIMEN: Final = "specimen"
"""Name of what is shown before anything is drawn."""
SEEN_PX: Final = 1400
"""Long side of a page: its small print can be read when it is enlarged in a terminal."""
MOST_BYTES: Final = 700_000
"""Of a JPEG: in base64 it fits into one message of the bus (1 MiB)."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A PDF: in memory, or in a file."""

    name: str
    source: bytes | Path


class Preview:
    """Draws pages to be looked at. One at a time: the library that draws them may be used by one thread only."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = Lock()
        self._specimen: tuple[str, str, bytes] = ("", "", b"")

    def page(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Page `page` (from 1) of the file called `file`; of the newest file where none is named, and of a specimen
        where nothing is drawn or "specimen" is named. Raises NotFound and Refused."""
        batch, wanted = str(params.get("batch", "")), str(params.get("file", ""))
        number = params.get("page", 1)
        files = self._files(batch)
        name = wanted or (files[-1].stem if files else SPECIMEN)
        with self._lock:
            shown = self._shown(batch, name, files)
            image, pages = _drawn(shown, batch, number if type(number) is int else 1)
        return {
            "batch": batch,
            "files": [SPECIMEN, *(file.stem for file in files)],
            "file": shown.name,
            "path": str(shown.source) if isinstance(shown.source, Path) else "",
            "page": min(max(number if type(number) is int else 1, 1), pages),
            "pages": pages,
            "jpeg": b64encode(small_jpeg(image)).decode(),
        }

    def _files(self, batch: str) -> list[Path]:
        """What was drawn and is still there, in order."""
        folder = self._app.settings.home / "print" / Path(batch).name
        jobs = Packets(self._app.database, self._app.facts).jobs(batch)
        files = [folder / f"{job.job}.pdf" for job in jobs if job.sha256]
        return [file for file in files if file.is_file()]

    def _shown(self, batch: str, name: str, files: list[Path]) -> _Shown:
        if name == SPECIMEN:
            return _Shown(SPECIMEN, self._made(batch))
        found = next((file for file in files if file.stem == name), None)
        if found is None:
            raise NotFound(
                N_("{file} is not there any more."), do=N_("Refresh the list."), file=f"{name[:64]}.pdf"
            )
        return _Shown(found.stem, found)

    def _made(self, batch: str) -> bytes:
        """The specimen; made once as long as the batch stays as it is."""
        app = self._app
        known = Packets(app.database, app.facts).find(batch)
        if known is not None:
            spec, day = BatchSpec.from_json(known.spec), batch_day(known.created_at)
        else:
            due = next((one for one in to_do(app).mailings if one.batch == batch), None)
            if due is None:
                raise NotFound(
                    N_("There is no batch {batch}."), do=N_("Refresh the list."), batch=batch[:64] or "–"
                )
            spec = make_spec(app, batch, due.order.wish(due.mailing))
            day = local_date(app.clock.now().astimezone(VIETNAM).date())
        made_of = str(spec.to_json())
        if self._specimen[:2] != (made_of, day):
            self._specimen = (made_of, day, specimen(app, spec, day=day))
        return self._specimen[2]


def _drawn(shown: _Shown, batch: str, number: int) -> tuple[Image.Image, int]:
    """One page in grey, and how many there are. Raises Refused for what is no PDF any more."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(shown.source, autoclose=True) as document:
            pages = len(document)
            page = document[min(max(number, 1), pages) - 1]
            bitmap = page.render(scale=SEEN_PX / max(*page.get_size(), 1.0), grayscale=True)
            image = bitmap.to_pil().convert("L")
            bitmap.close()
            page.close()
            return image, pages
    except (pypdfium2.PdfiumError, OSError, ValueError, IndexError) as error:
        raise Refused(
            N_("{file} cannot be shown: {reason}"),
            do=N_("Remove the damaged file, then draw it again: tuxa packets print {batch} --again"),
            file=shown.name,
            reason=str(error),
            batch=batch,
        ) from error


def small_jpeg(image: Image.Image, *, best: int = 75) -> bytes:
    """`image` as a JPEG of at most :data:`MOST_BYTES`; `best` is the quality to begin with (1 to 95)."""
    data = b""
    for quality in range(best, 20, -15):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        data = out.getvalue()
        if len(data) <= MOST_BYTES:
            return data
    half = image.resize((max(image.width // 2, 1), max(image.height // 2, 1)))
    return small_jpeg(half) if half.width > 1 else data
