"""``tuxa media add``, ``status`` and ``report``: documents for programs, words for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from delivery.app import App
from delivery.catalogue.kinds import MaterialKind
from delivery.cli import media
from delivery.demo.sample import sample_term
from delivery.settings import Settings
from tests.broadcast.media.media_samples import SPEECHLIKE, record


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A home with the sample term's catalogue, one recording that passed and two that were refused."""
    app = App(Settings(home=tmp_path_factory.mktemp("home"), lang="vi", workers=1))
    app.init()
    with sample_term() as folder:
        app.importer.run(folder, actor="QT01")
    yield app
    app.close()


def run(app: App, *words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(media.app, words, obj=app)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def added(home: App, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, dict[str, Path]]:
    """The outcome of adding three files to a radio lesson, with progress for programs."""
    folder = tmp_path_factory.mktemp("bài giảng")
    files = {
        "good": record(folder / "Bài 1.wav", audio=SPEECHLIKE, seconds=2),
        "pdf": folder / "giáo trình.wav",
        "empty": folder / "rỗng.wav",
    }
    files["pdf"].write_bytes(b"%PDF-1.7\n" * 100)
    files["empty"].touch()
    lesson = next(
        m for m in home.catalogue().materials.values() if m.kind is MaterialKind.RADIO_PROGRAMME and m.unit
    )
    where = [
        "--course",
        lesson.course,
        "--unit",
        str(lesson.unit),
        "--kind",
        "radio",
        "--material",
        lesson.code,
    ]
    words = ["add", *map(str, files.values()), *where, "--json", "--progress", "json"]
    return run(home, *words, code=1), files


def test_add_prints_one_document_with_a_verdict_for_each_file(
    added: tuple[Result, dict[str, Path]],
) -> None:
    result, files = added
    documents: list[dict[str, Any]] = json.loads(result.stdout)["files"]
    assert [document["file"] for document in documents] == [str(file) for file in files.values()]
    good, pdf, empty = documents
    assert [d["verdict"] for d in documents] == ["pass_with_fixes", "refused", "refused"], good["problems"]
    assert good["duration_ticks"] == 7
    assert good["loudness_lufs"] == pytest.approx(-23, abs=0.5)
    assert good["true_peak_dbtp"] <= -1
    assert good["problems"] == []
    assert good["fixes"]
    for rendition in good["renditions"]:
        assert set(rendition) >= {"name", "path", "bytes", "segments"}
        assert rendition["bytes"] > 0
    assert empty["problems"] == ["Tệp rỗng.wav không có gì bên trong."] or "rỗng.wav" in empty["problems"][0]
    assert all(document["do"] for document in (pdf, empty))


def test_progress_for_programs_is_a_line_of_json_each(added: tuple[Result, dict[str, Path]]) -> None:
    result, files = added
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert {line["file"] for line in lines} == {str(file) for file in files.values()}
    assert lines[-1]["overall"] == 1.0
    good = [line["fraction"] for line in lines if line["file"] == str(files["good"])]
    assert good == sorted(good)
    assert good[-1] == 1.0
    assert all(set(line) == {"file", "fraction", "step", "overall", "left_s"} for line in lines)


def test_status_tells_the_verdicts(home: App, added: tuple[Result, dict[str, Path]]) -> None:
    jobs = json.loads(run(home, "status", "--json").stdout)["jobs"]
    verdicts = {job["file"]: job["verdict"] for job in jobs}
    assert verdicts == {"Bài 1.wav": "pass_with_fixes", "giáo trình.wav": "refused", "rỗng.wav": "refused"}
    shown = run(home, "status").stdout
    assert "Bị từ chối" in shown
    assert "Đạt, đã chỉnh sửa" in shown


def test_a_report_is_found_by_file_asset_and_material(
    home: App, added: tuple[Result, dict[str, Path]], tmp_path: Path
) -> None:
    good = json.loads(added[0].stdout)["files"][0]
    row = next(row for row in home.library.media.lessons() if row.asset == good["asset"])
    documents = [
        json.loads(run(home, "report", name, "--json").stdout)
        for name in (str(added[1]["good"]), good["asset"], good["asset"][:12])
    ]
    assert documents[0] == documents[1] == documents[2]
    assert documents[0]["made"]["duration_ticks"] == row.ticks
    page = tmp_path / "báo cáo.html"
    run(home, "report", good["asset"], "--out", str(page))
    assert "Kiểm tra chất lượng" in page.read_text(encoding="utf-8")


def test_a_refused_file_has_a_report_too_and_exit_code_1(
    home: App, added: tuple[Result, dict[str, Path]]
) -> None:
    told = json.loads(run(home, "report", str(added[1]["pdf"]), "--json", code=1).stdout)
    assert told["verdict"] == "refused"
    assert told["findings"][0]["do"]["text"]


def test_a_file_that_was_never_added_is_measured_and_nothing_is_stored(home: App, tmp_path: Path) -> None:
    file = record(tmp_path / "mới.wav", audio="sine=f=440:r=48000", seconds=1)
    before = sorted(path for path in home.settings.home.rglob("*") if path.is_file())
    shown = run(home, "report", str(file)).stdout
    assert shown.startswith("mới.wav: Đạt")
    assert "LUFS" in shown
    assert sorted(path for path in home.settings.home.rglob("*") if path.is_file()) == before


def test_an_unknown_name_says_what_to_do(home: App) -> None:
    with pytest.raises(Exception, match="There is no report"):
        run(home, "report", "không-có")
