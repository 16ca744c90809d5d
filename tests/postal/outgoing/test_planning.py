"""Planning a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from delivery.app import App
from delivery.catalogue.model import Catalogue
from delivery.clock import to_micros
from delivery.errors import BadInput, ConfigError, GateClosed, NotFound, Refused
from delivery.i18n import Translator
from delivery.ids import SeededIds, fact_id
from delivery.postal.fonts import measure
from delivery.postal.outgoing.cover import cover_page
from delivery.postal.outgoing.layout import BODY_BOTTOM
from delivery.postal.outgoing.make import House, codes_for, letter_of, week_layout
from delivery.postal.outgoing.packet import BatchSpec, Options, page_plan
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.printing import print_batch
from delivery.postal.outgoing.sources import house_of, layouts_of
from delivery.postal.outgoing.wish import Wish
from delivery.postal.page import Text
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.packets import Packets
from tests.support.postal_home import COURSE, NOW, enrol, make_home

HOUSE = House("Trường", ("Trường", "120 đường Võ Văn Kiệt"), "Nguyên lý thống kê", "22/11/2026", "vi")


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
    assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == len(rows) == 24


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
        letter = letter_of(replace(spec, parts=(long,) * count), HOUSE, words)
        try:
            page = cover_page(letter, codes=codes, window=spec.window, words=words, measure=measure)
        except Refused:
            refused += 1
            continue
        assert refused == 0
        assert max(item.y for item in page.items if isinstance(item, Text) and item.x < 30) < BODY_BOTTOM
    assert 8 <= 23 - refused < 23


def test_a_specification_survives_json(app: App) -> None:
    spec = plan_batch(app, "B1", course=COURSE, actor="clerk").spec
    assert BatchSpec.from_json(spec.to_json()) == spec


def test_a_kind_that_the_syllabus_does_without_is_listed_with_its_reason_and_not_warned_of(app: App) -> None:
    reason = "bài tập nằm trong giáo trình"
    wish = Wish(course=COURSE, not_needed={"reference_book": reason, "textbook": "thừa"})
    planned = plan_batch(app, "B1", wish=wish, actor="clerk")
    assert [str(kind) for kind in planned.missing] == ["study_guide", "exam_guide"]
    assert planned.spec.not_needed == (("reference_book", reason),)
    letter = letter_of(planned.spec, HOUSE, Translator("vi"))
    assert f"không áp dụng – {reason}" in [row.title for row in letter.manifest]
    with pytest.raises(BadInput, match="novel"):
        plan_batch(app, "B2", wish=Wish(course=COURSE, not_needed={"novel": "?"}), actor="clerk")


def test_a_dry_run_tells_weight_envelope_and_class_before_anything_is_printed(app: App) -> None:
    planned = plan_batch(app, "B1", course=COURSE, actor="clerk", dry_run=True)
    ((piece, count),) = planned.mail.items()
    # Six leaves of 80 g/m² A4 and a C4 envelope of 20 g: 6 x 4.99 + 20 = 49.9 g.
    assert (count, piece.leaves, piece.grams, piece.envelope, piece.postage) == (2, 6, 50, "C4", "P")
    both = Wish(course=COURSE, options=Options(duplex=True))
    ((piece, _),) = plan_batch(app, "B2", wish=both, actor="clerk", dry_run=True).mail.items()
    assert (piece.leaves, piece.envelope) == (4, "DL")


def test_on_both_sides_each_part_begins_on_a_front(app: App) -> None:
    spec = plan_batch(app, "B1", course=COURSE, actor="clerk", dry_run=True).spec
    spec = replace(spec, options=Options(duplex=True))
    for feedback in range(4):
        pages = page_plan(spec, feedback=feedback)
        for at, page in enumerate(pages):
            if page.page == 1 and page.role not in ("week", "blank"):
                assert at % 2 == 0, (feedback, at, page)
        assert all(a.role != "blank" or b.role != "blank" for a, b in pairwise(pages))


def test_named_learners_get_a_batch_of_their_own_and_others_may_be_left_out(app: App) -> None:
    first, second = (app.learners.require(code).id for code in ("TX260001", "TX260002"))
    large = Wish(course=COURSE, only=(first,), options=Options(large=True))
    planned = plan_batch(app, "LARGE", wish=large, actor="clerk")
    assert planned.packets == 1
    assert plan_batch(app, "LARGE", actor="clerk").added == 0
    others = plan_batch(app, "B1", wish=Wish(course=COURSE, but=(first,)), actor="clerk")
    assert (others.packets, _learners(app, "B1")) == (1, {second})
    assert planned.spec.pages > others.spec.pages
    with pytest.raises(NotFound):
        plan_batch(app, "B3", wish=Wish(course=COURSE, only=("L0",)), actor="clerk")


def test_large_print_is_large_on_every_page_that_a_learner_reads(app: App) -> None:
    wish = Wish(course=COURSE, options=Options(large=True))
    spec = plan_batch(app, "LARGE", wish=wish, actor="clerk", dry_run=True).spec
    house = house_of(app, app.catalogue(), spec, "")
    layouts = layouts_of(app, spec, house)
    week = week_layout(spec, frozenset({COURSE}), house, layouts.codes)
    below_window = spec.window.y + spec.window.height
    for page in (layouts.cover, week, *(pages[-1] for pages in layouts.parts)):
        told = [item for item in page.items if isinstance(item, Text)]
        read = [text for text in told if page is not layouts.cover or text.y > below_window]
        assert min(text.size_pt for text in read) >= 10.5, page.role
        assert max(text.y for text in read) < 297
    assert [text.size_pt for text in layouts.back.items if isinstance(text, Text)].count(9.5 * 1.5) > 1


def _learners(app: App, batch: str) -> set[str]:
    return {state.learner for state in Packets(app.database, app.facts).states(batch)}


def test_what_is_wrong_with_an_address_is_told_before_printing(app: App) -> None:
    for number, name in ((20, "אבגד"), (21, "Lê 😀 Văn Đức"), (23, "\u200b\u00ad")):
        enrol(app, number, name=name)
    enrol(app, 22, postcode="", province="Tỉnh Hậu Giang")
    planned = plan_batch(app, "B1", course=COURSE, actor="clerk")
    reasons = {app.vault.profile(who).code: str(why) for who, why in planned.unreachable}
    assert reasons.keys() == {"TX260003", "TX260021", "TX260024"}
    assert reasons["TX260024"] == "no name"
    assert reasons["TX260003"] == "no address"
    assert "א" in reasons["TX260021"]
    doubts = [str(doubt) for _, doubt in planned.doubtful]
    assert doubts == ["no five-digit postcode", "“Tỉnh Hậu Giang” is not one of the 34 provinces"]
    assert planned.packets == 4


def test_a_course_without_learners_is_refused(app: App) -> None:
    for number in range(3):
        app.enrolments.leave(f"TX26{number + 1:04d}", COURSE, reason="moved", actor="clerk")
    with pytest.raises(Refused, match="Nobody is enrolled"):
        plan_batch(app, "B1", course=COURSE, actor="clerk")


def test_a_material_file_that_is_missing_or_altered_is_named(app: App) -> None:
    content = app.catalogue().materials["NLTK-BT1"].content
    stored = app.blobs.local_path(content)
    assert stored is not None
    stored.chmod(0o644)
    stored.write_bytes(b"# Other questions\n")
    with pytest.raises(GateClosed, match="NLTK-BT1"):
        plan_batch(app, "B1", course=COURSE, actor="clerk")
    stored.unlink()
    with pytest.raises(GateClosed, match=r"NLTK-BT1 is missing"):
        plan_batch(app, "B1", course=COURSE, actor="clerk")


def test_an_own_stock_file_decides_window_and_classes_and_a_wrong_one_is_named(
    app: App, tmp_path: Path
) -> None:
    folder = tmp_path / "stock"
    folder.mkdir()
    own = '[[envelopes]]\nname = "C4"\nleaves = 90\nweight = 30\nwindow = [25, 50, 90, 40]\n'
    (folder / "own.toml").write_text(own)
    planned = plan_batch(app, "B1", course=COURSE, actor="clerk", dry_run=True)
    assert (planned.spec.window.x, planned.spec.window.y) == (25.0, 50.0)
    assert next(iter(planned.mail)).grams == 60
    for wrong in ("[[envelopes]]\nname = 1", "[[", own.replace("25, 50", "190, 50")):
        (folder / "own.toml").write_text(wrong)
        with pytest.raises(ConfigError, match=r"own\.toml"):
            plan_batch(app, "B1", course=COURSE, actor="clerk", dry_run=True)
