"""The tables of learners' standing, terms and results, as the study office hands them over."""

from __future__ import annotations

from delivery.catalogue import cells
from delivery.catalogue.learner_rows import Absence, AttemptKind, CourseResult, LearnerEvent, TermResult
from delivery.catalogue.register_columns import COURSE, amount, col, one, opt, table
from delivery.catalogue.register_kinds import Answer, StandingEvent
from delivery.catalogue.register_words import ANSWER
from delivery.catalogue.tablespec import TableSpec

LEARNER = col("learner", cells.learner_code, "Mã người học", "Mã sinh viên")

STANDINGS = table(
    "standings",
    "hoc_vu",
    ("learner", "event", "on"),
    LEARNER,
    col("event", one(StandingEvent), "Sự việc"),
    col("on", cells.day, "Ngày"),
    opt("decision", cells.code, "Quyết định"),
    opt("value", amount, "Giá trị", default=None),
    opt("detail", cells.code, "Chi tiết"),
    opt("until", cells.day, "Đến ngày", default=None),
    build=LearnerEvent,
)
TERM_RESULTS = table(
    "term_results",
    "ket_qua_hoc_ky",
    ("learner", "term"),
    LEARNER,
    col("term", cells.code, "Học kỳ"),
    col("main", ANSWER, "Học kỳ chính"),
    col("index", cells.whole(1, 60), "Học kỳ thứ"),
    col("registered", amount, "Tín chỉ đăng ký"),
    col("failed", amount, "Tín chỉ không đạt"),
    col("owed", amount, "Tín chỉ nợ"),
    col("earned", amount, "Tín chỉ tích lũy"),
    col("closed", cells.day, "Ngày chốt"),
    opt("average", amount, "Điểm trung bình học kỳ", default=None),
    opt("cumulative", amount, "Điểm trung bình tích lũy", default=None),
    build=TermResult,
)
RESULTS = table(
    "results",
    "ket_qua_hoc_phan",
    ("learner", "course", "attempt"),
    LEARNER,
    COURSE,
    col("term", cells.code, "Học kỳ"),
    col("attempt", cells.whole(1, 50), "Lần học"),
    col("on", cells.day, "Ngày"),
    opt("kind", one(AttemptKind), "Loại", default=AttemptKind.FIRST),
    opt("score", amount, "Điểm", default=None),
    opt("letter", cells.code, "Điểm chữ"),
    opt("absence", one(Absence), "Vắng thi", default=None),
    opt("official", ANSWER, "Chính thức", default=Answer.YES),
    build=CourseResult,
)
LEARNER_SPECS: tuple[TableSpec, ...] = (STANDINGS, TERM_RESULTS, RESULTS)
