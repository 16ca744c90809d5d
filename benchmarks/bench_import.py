"""Import of a roster: 50,000 learners with three courses each, against csv and sqlite3 alone.

Target: under 30 s and under 500 MB. Each side runs in a process of its own, so that one's memory is not counted for the
other. The baseline stores the same rows as plain text: no checks, no facts, no chain, no encryption.
"""

from __future__ import annotations

import csv
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

LEARNERS = 50_000
_LEARNER_COLUMNS = [
    "code",
    "full_name",
    "birth_date",
    "phone",
    "email",
    "address",
    "commune",
    "province",
    "postcode",
    "old_address",
    "cohort",
    "site",
]
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Đặng", "Bùi", "Đỗ", "Hồ", "Võ")
_MIDDLE = ("Thị Ánh", "Văn", "Hoàng", "Thị Ngọc", "Minh", "Quốc", "Thị Thủy", "Trọng", "Đình Khả", "Cẩm")
_GIVEN = ("Tuyết", "Được", "Phúc", "Ngà", "Khôi", "Hạnh", "Huy", "Tiên", "Nghĩa", "Tú", "Vỹ", "Uyên")


def write_term(folder: Path, learners: int) -> None:
    """The sample term's catalogue with a generated roster."""
    from delivery.demo.sample import sample_term

    with sample_term() as sample:
        for file in sample.iterdir():
            if file.suffix in (".csv", ".md"):
                (folder / file.name).write_bytes(file.read_bytes())
    with (
        (folder / "learners.csv").open("w", newline="", encoding="utf-8") as roster,
        (folder / "enrolments.csv").open("w", newline="", encoding="utf-8") as enrolments,
    ):
        people, taken = csv.writer(roster), csv.writer(enrolments)
        people.writerow(_LEARNER_COLUMNS)
        taken.writerow(("learner", "course"))
        for n in range(learners):
            code = f"TX27{n:06d}"
            people.writerow(_learner(n, code))
            taken.writerows((code, course) for course in ("TVTH101", "NLTK102", "THVP103"))


def _learner(n: int, code: str) -> tuple[str, ...]:
    name = f"{_FAMILY[n % 10]} {_MIDDLE[n // 10 % 10]} {_GIVEN[n // 100 % 12]}"
    born = f"{n % 28 + 1:02d}/{n % 12 + 1:02d}/{1985 + n % 20}"
    home = (f"{n % 300 + 1} đường Nguyễn Trãi", "Phường Ninh Kiều", "Thành phố Cần Thơ", "94108", "")
    site = "MAIN" if n % 3 else "THATSON"
    return (code, name, born, f"09{n:08d}", f"{code.lower()}@example.edu.vn", *home, "QTVP-2026A", site)


def import_side(folder: Path, home: Path) -> dict[str, Any]:
    """Import once, and once more without changes."""
    from delivery.app import App
    from delivery.settings import Settings

    app = App(Settings(home=home))
    app.init()
    runner = app.importer
    start, busy = time.perf_counter(), time.process_time()
    result = runner.run(folder, actor="bench")
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    start = time.perf_counter()
    again = runner.run(folder, actor="bench")
    if result.registered != LEARNERS or result.enrolled != 3 * LEARNERS or again.changed:
        raise RuntimeError("the import did not do what it is measured for")
    app.close()
    return {"seconds": seconds, "cpu": busy, "again": time.perf_counter() - start, "rss_mb": _peak_mb()}


def baseline_side(folder: Path, home: Path) -> dict[str, Any]:
    """csv.DictReader and executemany, in one durable transaction."""
    home.mkdir()
    start, busy = time.perf_counter(), time.process_time()
    with closing(sqlite3.connect(home / "plain.sqlite")) as db, db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        for name in ("learners", "enrolments"):
            with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
                reader = csv.DictReader(stream)
                columns = reader.fieldnames or ()
                db.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
                marks = ", ".join(f":{column}" for column in columns)
                db.executemany(f"INSERT INTO {name} VALUES ({marks})", reader)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    return {"seconds": seconds, "cpu": busy, "rss_mb": _peak_mb()}


def _peak_mb() -> float:
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _measure(side: str, folder: Path, home: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.bench_import", side, str(folder), str(home)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def main() -> None:
    """Generate, measure both sides, print."""
    with tempfile.TemporaryDirectory(prefix="catalogue-bench-") as scratch:
        root = Path(scratch)
        folder = root / "term"
        folder.mkdir()
        write_term(folder, LEARNERS)
        plain = _measure("baseline", folder, root / "plain")
        ours = _measure("import", folder, root / "home")
    for name, side in (("import", ours), ("csv + sqlite3", plain)):
        print(
            f"{name:<15} {side['seconds']:7.2f} s   {LEARNERS / side['seconds']:9,.0f} learners/s   "
            f"{side['rss_mb']:6.0f} MB   {side['cpu']:7.2f} s of processor time"
        )
    print(f"import again    {ours['again']:7.2f} s   nothing changed")
    print(f"ratio           {ours['seconds'] / plain['seconds']:7.1f} x the time of the baseline")
    print("target          < 30 s, < 500 MB")


if __name__ == "__main__":
    sides = {"import": import_side, "baseline": baseline_side}
    print(json.dumps(sides[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))))
