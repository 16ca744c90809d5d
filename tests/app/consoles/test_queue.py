"""Recordings that wait to be converted: a kill forgets none, and what cannot be read is set aside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from delivery.app.consoles.queue import IngestQueue, Wanted, queue_id

ONE = Wanted("a1", "/inbox/a.mp4", "TV-U1", "TOAN101", 1, "Bài 1", "tv720p25", "tv", "technician", 2)


def test_what_was_put_is_there_for_another_process_the_oldest_first(tmp_path: Path) -> None:
    IngestQueue(tmp_path).put(ONE)
    older = replace(ONE, id="b2", at_us=1)
    IngestQueue(tmp_path).put(older)
    assert IngestQueue(tmp_path).waiting() == [older, ONE]
    assert IngestQueue(tmp_path).has("a1")


def test_the_same_recording_for_the_same_material_waits_once(tmp_path: Path) -> None:
    assert (
        queue_id("/inbox/a.mp4", "TV-U1")
        == queue_id("/inbox/a.mp4", "TV-U1")
        != queue_id("/inbox/a.mp4", "TV-U2")
    )
    queue = IngestQueue(tmp_path)
    queue.put(ONE)
    queue.put(replace(ONE, title="Bài một"))
    assert [one.title for one in queue.waiting()] == ["Bài một"]


def test_what_cannot_be_read_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    queue = IngestQueue(tmp_path)
    queue.put(ONE)
    folder = tmp_path / "work" / "queue"
    (folder / "half.json").write_bytes(b'{"id": "x"')
    (folder / "other.json").write_bytes(b'{"id": "x", "of": "another release"}')
    assert queue.waiting() == [ONE]
    assert sorted(file.name for file in folder.glob("*.bad")) == ["half.bad", "other.bad"]


def test_dropping_what_is_gone_or_lies_elsewhere_drops_nothing(tmp_path: Path) -> None:
    queue = IngestQueue(tmp_path)
    queue.put(ONE)
    (tmp_path / "work" / "precious.json").write_text("{}")
    assert not queue.drop("../precious")
    assert (tmp_path / "work" / "precious.json").exists()
    assert queue.drop("a1")
    assert not queue.drop("a1")
    assert queue.waiting() == []
