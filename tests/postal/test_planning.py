"""Planning a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.app import App
from delivery.catalogue.model import Catalogue
from delivery.clock import to_micros
from delivery.errors import BadInput, GateClosed, NotFound, Refused
from delivery.i18n import Translator
from delivery.ids import SeededIds, fact_id
from delivery.postal.cover import Window, cover_page
from delivery.postal.fonts import measure
from delivery.postal.job import letter_of
from delivery.postal.layout import BODY_BOTTOM
from delivery.postal.packet import BatchSpec
from delivery.postal.page import Text
from delivery.postal.planning import codes_for, plan_batch
from delivery.postal.printing import print_batch
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from tests.support.postal_home import COURSE, NOW, enrol, make_home


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_home(tmp_path, learners=3, without_address=1)
    yield app
    app.close()


def _planned(app: App) -> list[str]:
    return [fact.data["packet"] for fact in app.facts.select(kind=FactKind.PACKET_PLANNED)]


def _change(app: App, change: dict[str, object], *, material: str) -> None:
    catalogue: Catalogue = app.catalogue()
    changed = replace(catalogue.materials[material], **change)  # type: ignore[arg-type]
    with app.database.write() as connection:
        app.catalogue_store.save_in(
            connection, replace(catalogue, materials={**catalogue.materials, material: changed})
        )


def test_each_enrolled_learner_with_an_address_gets_one_packet(app: App) -> None:
    planned = plan_batch(app, "B1", course=COURSE, actor="clerk")
    assert (planned.packets, planned.added, len(planned.without_address)) == (2, 2, 1)
    assert [part.role for part in planned.spec.parts] == ["material", "assignment"]
    assert {part.approval for part in planned.spec.parts} == {"QĐ-12/2026"}
    assert len(_planned(app)) == 2


def test_absent_printed_kinds_are_named(app: App) -> None:
    planned = plan_batch(app, "B1", course=COURSE, actor="clerk")
    assert [str(kind) for kind in planned.missing] == ["reference_book", "study_guide", "exam_guide"]


def test_planning_again_adds_only_who_came_since(app: App) -> None:
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    before = set(_planned(app))
    assert plan_batch(app, "B1", course=COURSE, actor="clerk").added == 0
    enrol(app, 7)
    assert plan_batch(app, "B1", actor="clerk").added == 1
    assert before < set(_planned(app))
    assert len(_planned(app)) == 3


def test_a_dry_run_keeps_nothing(app: App) -> None:
    planned = plan_batch(app, "B1", course=COURSE, actor="clerk", dry_run=True)
    assert planned.packets == 2
    assert _planned(app) == []
    with pytest.raises(NotFound):
        plan_batch(app, "B1", actor="clerk")


def test_every_page_has_ids_of_its_own_even_when_the_generator_repeats(app: App) -> None:
    app.ids = SeededIds(5)
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    app.ids = SeededIds(5)
    plan_batch(app, "B2", course=COURSE, actor="clerk")
    rows = [row for fact in app.facts.select(kind=FactKind.PACKET_PLANNED) for row in fact.data["sheets"]]
    assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == len(rows) == 16


def test_material_that_is_not_approved_in_these_bytes_closes_the_gate(app: App) -> None:
    _change(app, {"content": app.blobs.put(b"# Altered\n")}, material="NLTK-GT")
    with pytest.raises(GateClosed, match="NLTK-GT"):
        plan_batch(app, "B1", course=COURSE, actor="clerk")
    assert _planned(app) == []


def test_material_that_is_retired_after_planning_is_not_printed(app: App, tmp_path: Path) -> None:
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    retired = Draft(
        fact_id(FactKind.MATERIAL_RETIRED, "NLTK-GT"),
        FactKind.MATERIAL_RETIRED,
        to_micros(NOW),
        "HT01",
        {"material": "NLTK-GT", "reason": "new edition"},
    )
    app.facts.append([retired])
    with pytest.raises(GateClosed, match="no longer approved"):
        print_batch(app, "B1", actor="clerk")
    assert not list(tmp_path.rglob("*.pdf"))


def test_a_known_batch_code_is_not_taken_for_another_course(app: App) -> None:
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    with pytest.raises(Refused, match="already planned"):
        plan_batch(app, "B1", course="OTHER", actor="clerk")


@pytest.mark.parametrize("code", ["", "../x", "đợt 1", "a" * 41, "-b"])
def test_a_batch_code_that_could_not_name_a_file_is_refused(app: App, code: str) -> None:
    with pytest.raises(BadInput):
        plan_batch(app, code, course=COURSE, actor="clerk")


def test_an_unknown_course_and_units_without_material_are_refused(app: App) -> None:
    with pytest.raises(NotFound, match="NOPE"):
        plan_batch(app, "B1", course="NOPE", actor="clerk")
    with pytest.raises(GateClosed, match="nothing to send"):
        plan_batch(app, "B1", course=COURSE, units=(9,), actor="clerk")


def test_an_assignment_without_printed_source_is_named(app: App) -> None:
    catalogue = app.catalogue()
    bare = replace(catalogue.activities["NLTK102-A1"], material="")
    with app.database.write() as connection:
        app.catalogue_store.save_in(
            connection, replace(catalogue, activities={**catalogue.activities, "NLTK102-A1": bare})
        )
    with pytest.raises(BadInput) as caught:
        plan_batch(app, "B1", course=COURSE, actor="clerk")
    assert "NLTK102-A1" in str(caught.value.problems[0])


def test_what_the_cover_letter_lists_stays_above_the_footer_or_is_refused_when_planned(app: App) -> None:
    spec = plan_batch(app, "B1", course=COURSE, actor="clerk").spec
    codes, words = codes_for(spec.base_url), Translator("vi")
    refused = 0
    for count in range(1, 24):
        long = replace(
            spec.parts[0], title="Một tên học liệu dài đến mức phải xuống dòng trong bảng kê của thư"
        )
        letter = letter_of(replace(spec, parts=(long,) * count), words)
        try:
            page = cover_page(
                letter, codes=codes, page_id="0" * 12, window=Window(), words=words, measure=measure
            )
        except Refused:
            refused += 1
            continue
        assert refused == 0
        assert max(item.y for item in page.items if isinstance(item, Text) and item.x < 30) < BODY_BOTTOM
    assert 8 <= 23 - refused < 23


def test_a_specification_survives_json(app: App) -> None:
    spec = plan_batch(app, "B1", course=COURSE, actor="clerk").spec
    assert BatchSpec.from_json(spec.to_json()) == spec
