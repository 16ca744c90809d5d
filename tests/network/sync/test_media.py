"""Lessons follow to the sites whose learners take the course, whole or not at all, behind everything else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from delivery.app import App
from delivery.app import sync as wiring
from delivery.broadcast.asset import Asset
from delivery.broadcast.schedule.schedule import make_slot
from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import VIETNAM, ManualClock, from_micros, to_micros
from delivery.demo.sample import sample_term
from delivery.store.media import MediaStore
from tests.broadcast.playout.air_assets import Studio
from tests.network.sync.sites import free_address, joined, make_site, running, until

COURSE, CONTENT, ASSET = "TVTH101", "c" * 64, "a" * 24


def lesson(app: App, *, approved: bool) -> tuple[str, dict[str, object]]:
    """A lesson as ingest leaves it: (material, manifest); its files are in the store."""
    material = next(m for m in app.catalogue().materials.values() if m.course == COURSE)
    segments = [app.blobs.put(bytes([number]) * 300_000) for number in range(3)]
    source = app.blobs.put(b"the recording as it came")
    document: dict[str, object] = {
        "id": ASSET,
        "source": source,
        "profile": "tv",
        "profile_version": 1,
        "kind": "tv",
        "ticks": 9,
        "loudness_lufs": -23.1,
        "renditions": [{"name": "v1", "segments": [{"blob": address} for address in segments]}],
    }
    media, now = MediaStore(app.database), to_micros(app.clock.now())
    with app.database.write() as connection:
        media.put_asset(connection, document, generated=False, now=now, content=CONTENT)
        media.put_lesson(
            connection, material=material.code, asset=ASSET, course=COURSE, unit=1, title="Bài 1", now=now
        )
    if approved:
        approve(app, material.code)
    return material.code, document


def approve(app: App, material: str) -> None:
    app.materials.appraise(material, content=CONTENT, minutes="01/BB", actor="GV09")
    app.materials.approve(
        material,
        content=CONTENT,
        modes=(DeliveryMode.BROADCAST,),
        decision="12/QĐ",
        signer="HT01",
        author="GV01",
    )


def test_an_approved_lesson_enters_the_library_of_the_site_that_takes_the_course(tmp_path: Path) -> None:
    main = make_site(tmp_path / "main", "MAIN", listen=free_address())
    with sample_term() as folder:
        main.importer.run(folder, actor="QTHT01")
    site = next(code for code in main.catalogue().sites if code != "MAIN")
    material, document = lesson(main, approved=False)
    wanted = wiring.build_parts(main).wanted
    assert wanted.offer() == 0, "what is not approved goes nowhere"
    approve(main, material)
    assert wanted.offer() == 1
    assert wanted.offer() == 0
    with running(main):
        partner = joined(main, tmp_path / "p", site)
        with running(partner):
            until(lambda: MediaStore(partner.database).lesson_of(material) is not None)
    assert MediaStore(partner.database).document(ASSET) == document
    found = MediaStore(partner.database).lesson_of(material)
    assert found
    assert (found.content, found.title, found.course) == (CONTENT, "Bài 1", COURSE)
    assert all(partner.blobs.exists(main.blobs.put(bytes([number]) * 300_000)) for number in range(3))
    assert not partner.blobs.exists(str(document["source"])), "the recording itself is no part of it"
    assert partner.materials.approved(material, content=CONTENT, mode=DeliveryMode.BROADCAST)
    # A site without learners in the course is not given the files.
    assert not wanted.allowed_to("NOWHERE") & set(wanted._media.needed({COURSE}))
    partner.close()
    main.close()


TICKS = 60
"""Of a lesson of 19.2 s."""


class Slates:
    """Station pictures of the partner's own, made by the studio as `tuxa` would have ffmpeg make them."""

    def __init__(self, partner: App) -> None:
        self._app = partner
        self._studio = studio_of(partner)

    def slates(self, _profile: object, *, title: str) -> Mapping[int, Asset]:
        out = {ticks: self._studio.asset(ident) for ticks, ident in self._studio.slates().items()}
        now = to_micros(self._app.clock.now())
        with self._app.database.write() as connection:
            for asset in out.values():
                self._app.library.media.put_asset(
                    connection, asset.to_json(), generated=True, now=now, content=""
                )
        return out


def studio_of(app: App) -> Studio:
    studio = Studio()
    studio.blobs = app.blobs  # type: ignore[assignment]
    return studio


def pictures(raw: bytes, folder: Path) -> list[float]:
    """Mean brightness of each decoded picture."""
    (folder / "x.ts").write_bytes(raw)
    with av.open(str(folder / "x.ts")) as container:
        return [float(np.mean(frame.to_ndarray(format="gray"))) for frame in container.decode(video=0)]


def test_a_partner_plays_on_its_own_channel_the_whole_lesson_that_came_by_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = make_site(tmp_path / "main", "MAIN", listen=free_address())
    with sample_term() as folder:
        main.importer.run(folder, actor="QTHT01")
    site = next(code for code in main.catalogue().sites if code != "MAIN")
    material = next(m.code for m in main.catalogue().materials.values() if m.course == COURSE)
    asset = studio_of(main).lesson(1, TICKS)
    media, now = main.library.media, to_micros(main.clock.now())
    with main.database.write() as connection:
        media.put_asset(connection, asset.to_json(), generated=False, now=now, content=CONTENT)
        media.put_lesson(
            connection, material=material, asset=asset.id, course=COURSE, unit=1, title="Bài 1", now=now
        )
    approve(main, material)
    with running(main):
        joining = joined(main, tmp_path / "p", site)
        with running(joining):
            until(lambda: joining.library.media.lesson_of(material) is not None)
    joining.close()

    # From here on the line is cut: the partner's own channel, from the partner's own files.
    clock = ManualClock(main.clock.now().astimezone(VIETNAM))
    partner = App(joining.settings, clock=clock)
    monkeypatch.setattr("delivery.app.air.Station", lambda *_args, **_more: Slates(partner))
    air = partner.on_air
    air.open_channel("TV2", "Kênh của trạm", kind="tv")
    start = clock.now() + timedelta(seconds=30)
    air.scheduler.add(make_slot("TV2", start, materials=(material,), rerun=True), actor="technician")
    compiled = air.scheduler.compile("TV2", until=start + timedelta(minutes=2), actor="technician")
    assert [placed.material for placed in compiled.placed] == [material]
    assert compiled.findings == ()
    [airing] = air.programmes("TV2", since=clock.now(), before=start + timedelta(minutes=2))
    out = tmp_path / "aired.ts"
    span = (from_micros(airing.start_us), from_micros(airing.end_us))
    done = air.playout.render("TV2", *span, out=out, rendition="v360")
    assert (done.replaced, done.end_tick - done.start_tick) == (0, TICKS)
    sent = [main.blobs.get(segment.blob) for segment in asset.rendition("v360").segments]
    assert out.stat().st_size == sum(map(len, sent))
    shown = pictures(out.read_bytes(), tmp_path)
    assert shown == [mean for raw in sent for mean in pictures(raw, tmp_path)]
    assert len(shown) == TICKS * 8
    partner.close()
    main.close()
