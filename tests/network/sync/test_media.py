"""Lessons follow to the sites whose learners take the course, whole or not at all, behind everything else."""

from __future__ import annotations

from pathlib import Path

from delivery.app import App
from delivery.app import sync as wiring
from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import to_micros
from delivery.demo.sample import sample_term
from delivery.store.media import MediaStore
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
