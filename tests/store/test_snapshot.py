"""What the regulation sees of a home: material by its editions, evidence whose files are there."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from delivery.app import App
from delivery.app.regulation import snapshots_of
from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import ManualClock, to_micros
from delivery.demo.sample import sample_institution, sample_term
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.regulation.findings import Verdict
from delivery.regulation.registry import rules
from tests.support.home import make_app

START = datetime(2026, 9, 7, 1, tzinfo=UTC)


@pytest.fixture
def tuxa(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path / "home")
    with sample_term() as folder:
        app.importer.run(folder, actor="QL01")
    assert isinstance(app.clock, ManualClock)
    app.clock.at = START
    yield app
    app.close()


def a_material(tuxa: App) -> str:
    """A material with an activity that uses it."""
    return next(a.material for a in tuxa.catalogue().activities.values() if a.material)


def later(tuxa: App, **span: int) -> None:
    assert isinstance(tuxa.clock, ManualClock)
    tuxa.clock.at += timedelta(**span)


def approve(tuxa: App, material: str, content: str) -> None:
    tuxa.catalogue_store.set_content(material, content=content, file=f"{content}.pdf")
    tuxa.materials.judge(
        material,
        content=content,
        modes=(DeliveryMode.NETWORK, DeliveryMode.POSTAL, DeliveryMode.BROADCAST),
        minutes=f"BB-{content}",
        appraiser="QL02",
        decision=f"QĐ-{content}",
        signer="QL01",
        author="GV01",
    )


def use(tuxa: App, material: str) -> None:
    """Somebody studied the material."""
    activity = next(a for a in tuxa.catalogue().activities.values() if a.material == material)
    at = to_micros(tuxa.clock.now())
    learner = tuxa.keys.learner_id("TX260001")
    tuxa.facts.append(
        [
            Draft(
                id=fact_id(FactKind.PARTICIPATION_RECORDED, learner, activity.code, at),
                kind=FactKind.PARTICIPATION_RECORDED,
                occurred_at=at,
                actor="test",
                audience="MAIN",
                learner=learner,
                course=activity.course,
                activity=activity.code,
                mode=activity.mode,
                data={"source": "system", "method": "opened", "minutes": 5},
            )
        ]
    )


def order_of_steps(tuxa: App, material: str) -> Verdict:
    snapshot = snapshots_of(tuxa).build(date(2026, 12, 1))
    (found,) = [f for f in rules()["TX-4.5-1"].check(snapshot) if f.subject.code == material]
    return found.verdict


def test_a_new_edition_is_not_blamed_for_the_use_of_the_one_before(tuxa: App) -> None:
    material = a_material(tuxa)
    approve(tuxa, material, "first")
    later(tuxa, days=1)
    use(tuxa, material)
    assert order_of_steps(tuxa, material) is Verdict.PASS
    later(tuxa, days=1)
    approve(tuxa, material, "second")
    assert order_of_steps(tuxa, material) is Verdict.PASS
    later(tuxa, days=1)
    use(tuxa, material)
    assert order_of_steps(tuxa, material) is Verdict.PASS


def test_use_before_any_approval_stays_a_violation_whatever_is_approved_later(tuxa: App) -> None:
    material = a_material(tuxa)
    use(tuxa, material)
    assert order_of_steps(tuxa, material) is Verdict.FAIL
    later(tuxa, days=1)
    approve(tuxa, material, "first")
    assert order_of_steps(tuxa, material) is Verdict.FAIL
    later(tuxa, days=1)
    approve(tuxa, material, "second")
    assert order_of_steps(tuxa, material) is Verdict.FAIL


def test_a_component_whose_evidence_lost_its_file_is_not_ready(tuxa: App, tmp_path: Path) -> None:
    folder = tmp_path / "term"
    with sample_institution() as made:
        shutil.copytree(made, folder)
    with (folder / "evidence.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["file"] = "tp1.pdf" if row["code"] == "TP-1" else ""
    with (folder / "evidence.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "tp1.pdf").write_bytes(b"%PDF-1.4 office")
    tuxa.importer.run(folder, actor="QL01")
    approve(tuxa, a_material(tuxa), "first")
    assert ready(tuxa) == (Verdict.PASS, "8")
    digest = snapshots_of(tuxa).build(date(2026, 12, 1)).evidence["TP-1"].digest
    (lost,) = [path for path in (tuxa.settings.home / "blobs").rglob("*") if path.name.endswith(digest[4:])]
    lost.unlink()
    assert ready(tuxa) == (Verdict.FAIL, "7")


def ready(tuxa: App) -> tuple[Verdict, str]:
    (found,) = rules()["TX-2.5"].check(snapshots_of(tuxa).build(date(2026, 12, 1)))
    return found.verdict, found.value
