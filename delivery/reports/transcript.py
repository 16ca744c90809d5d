"""A learner's transcript that proves itself: what it says is signed, and anybody can verify it without this home.

The page is drawn from a *statement*, which lies beside it in the file with the site's signature and the signed heads of
the streams that the record rests on (design D2). Verifying draws the page again from the statement and compares what
is seen; the code on the page carries the statement's hash and signature, so that paper can be held against the file.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from delivery.errors import N_, Message
from delivery.record.canonical import NotCanonical, canonical, parse
from delivery.record.ledger import Head, head_is_signed_by
from delivery.record.segment import writer_of
from delivery.reports.document import Cell, Column, Letterhead, Report, Section, Table, text
from delivery.reports.words import day, long_day

ATTACHMENT: Final = "tuxa-transcript.json"
_CONTEXT: Final = b"tuxa transcript 1\x00"
_MOST_BYTES: Final = 20_000_000
_DPI_SCALE: Final = 1.0
"""Pages are compared at 72 dots per inch: a changed digit changes them."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A statement with its signature."""

    statement: Mapping[str, Any]
    signature: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical statement."""
        return hashlib.sha256(canonical(dict(self.statement))).hexdigest()

    @property
    def code(self) -> str:
        """What the code on the page says."""
        site, key = self.statement["site"], self.statement["key"][:16]
        return f"TUXA-TR1 {site} {key} {self.digest} {base64.b85encode(self.signature).decode()}"


def sign_transcript(statement: Mapping[str, Any], key: Ed25519PrivateKey) -> Transcript:
    """The statement, with the public key named in it, signed."""
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    whole = {**statement, "v": 1, "key": public}
    return Transcript(whole, key.sign(_CONTEXT + canonical(whole)))


# --- the page ---------------------------------------------------------------------------------------------------------


def transcript_report(transcript: Transcript) -> Report:
    """The page as a document."""
    said = transcript.statement
    issued = date.fromisoformat(said["issued"])
    person = (
        ("Họ và tên", said["name"]),
        ("Mã người học", said["code"]),
        ("Ngày sinh", said["birth"]),
        ("Chương trình đào tạo", said["programme"]),
        ("Khóa", said["cohort"]),
        ("Hình thức đào tạo", "Đào tạo từ xa"),
    )
    rows = tuple((text(name), text(value)) for name, value in person if value)
    return Report(
        kind="transcript",
        year=issued.year,
        on=issued,
        provisional=False,
        letterhead=Letterhead(
            said["above"].upper(), said["institution"].upper(), "", f"{said['place']}, {long_day(issued)}"
        ),
        title="BẢNG ĐIỂM",
        subtitle="Kết quả học tập của người học",
        sections=(
            Section("1", "Người học", Table((Column("Thông tin"), Column("Nội dung", weight=2.2)), rows, 12)),
            Section("2", "Kết quả học tập", _results(said["courses"]), _sums(said)),
        ),
        recipients=(),
        signature=("TL. HIỆU TRƯỞNG", "(Ký tên và đóng dấu)", ""),
        subject=said["learner"],
        basis=tuple(said.get("basis", ())),
    )


def _results(courses: Sequence[Mapping[str, str]]) -> Table:
    columns = (
        Column("TT", weight=0.5),
        Column("Mã học phần", weight=1.2),
        Column("Tên học phần", weight=3.2),
        Column("Số tín chỉ", weight=0.8),
        Column("Điểm hệ 10", weight=0.9),
        Column("Điểm chữ", weight=0.8),
        Column("Điểm hệ 4", weight=0.9),
        Column("Ghi chú", weight=1.3),
    )
    rows: list[tuple[Cell, ...]] = [
        tuple(
            text(value)
            for value in (
                str(at),
                course["course"],
                course["name"],
                _comma(course["credits"]),
                _comma(course["score"]),
                course["letter"],
                _comma(course["points"]),
                course["note"],
            )
        )
        for at, course in enumerate(courses, start=1)
    ]
    return Table(columns, tuple(rows), 11)


def _sums(said: Mapping[str, Any]) -> tuple[str, ...]:
    average = _comma(said["average"]) or "chưa có"
    return (f"Số tín chỉ tích lũy: {_comma(said['earned'])}. Điểm trung bình tích lũy (hệ 4): {average}.",)


def _comma(value: str) -> str:
    return value.replace(".", ",")


def transcript_pdf(transcript: Transcript) -> bytes:
    """The file: the page, and the statement beside it."""
    from pypdf import PdfWriter
    from pypdf.generic import NameObject

    writer = PdfWriter(clone_from=io.BytesIO(_drawn(transcript)))
    document = {"statement": dict(transcript.statement), "signature": transcript.signature.hex()}
    writer.add_attachment(ATTACHMENT, canonical(document))
    writer.root_object[NameObject("/PageMode")] = NameObject("/UseNone")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _drawn(transcript: Transcript) -> bytes:
    """The page alone; the same statement gives the same bytes."""
    from reportlab.lib.units import mm
    from reportlab.platypus import Spacer
    from reportlab.platypus import Table as PdfTable

    from delivery.reports.pdf_file import pdf_of, words
    from delivery.reports.qrmark import QrMark

    said = transcript.statement
    lines = [
        words("Xác thực: tuxa record verify --transcript TỆP", 10),
        words(f"Khóa ký {said['site']}: {said['key'][:16]}…", 9),
        words(f"Mã nội dung: {transcript.digest[:32]}…", 9),
        *(
            words(f"Sổ cái {head['stream']} số {head['sequence']}: {head['hash'][:24]}…", 9)
            for head in said["heads"]
        ),
    ]
    block = PdfTable([[QrMark(transcript.code, 34 * mm), lines]], colWidths=[38 * mm, 127 * mm])
    block.setStyle([("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    return pdf_of(transcript_report(transcript), extra=[Spacer(1, 8 * mm), block])


# --- verifying --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verified:
    """What a file says, and what is wrong with it."""

    transcript: Transcript | None
    problems: tuple[Message, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def verify_transcript(data: bytes, trusted: Collection[str]) -> Verified:
    """Judge a file by itself. `trusted`: public keys (hex) that the reader knows to be of the institution."""
    transcript = read_transcript(data)
    if transcript is None:
        return Verified(None, (Message(N_("The file holds no statement: it is no transcript of tuxa.")),))
    problems: list[Message] = []
    said = transcript.statement
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["key"]))
        key.verify(transcript.signature, _CONTEXT + canonical(dict(said)))
    except (InvalidSignature, ValueError, NotCanonical):
        return Verified(
            transcript, (Message(N_("The signature is wrong: the statement was altered, or is not theirs.")),)
        )
    if said["key"] not in trusted:
        text_ = N_(
            "The signing key {key}… is not known here: compare it with the one the institution publishes."
        )
        problems.append(Message(text_, {"key": said["key"][:16]}))
    problems += [
        Message(N_("The head of stream {stream} is not signed by its writer."), {"stream": head.stream})
        for head in heads_of(transcript)
        if writer_of(head.stream) == said["site"] and not head_is_signed_by(head, key)
    ]
    if not _looks_the_same(data, _drawn(transcript)):
        problems.append(Message(N_("The page shows something else than what is signed.")))
    return Verified(transcript, tuple(problems))


def read_transcript(data: bytes) -> Transcript | None:
    """The statement in a file; None when there is none that can be read."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    if len(data) > _MOST_BYTES:
        return None
    try:
        found = PdfReader(io.BytesIO(data)).attachments.get(ATTACHMENT, [])
        document = parse(found[0])
        statement = document["statement"]
        if not _SHAPE.items() <= {name: type(statement.get(name)) for name in _SHAPE}.items():
            return None
        if not all(_is_row(row, _COURSE) for row in statement["courses"]) or statement["v"] != 1:
            return None
        if not all(_is_row(row, _HEAD) for row in statement["heads"]):
            return None
        if not all(isinstance(line, str) for line in statement.get("basis", [])):
            return None
        date.fromisoformat(statement["issued"])
        return Transcript(statement, bytes.fromhex(document["signature"]))
    # Whatever a foreign file holds, reading it ends in a refusal: pypdf raises many kinds for damaged input.
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OSError):
        return None


_SHAPE: Final[Mapping[str, type]] = {
    **dict.fromkeys(
        (
            "learner", "code", "name", "birth", "programme", "cohort", "issued", "institution", "above",
            "place", "site", "key", "earned", "average",
        ),
        str,
    ),
    "courses": list,
    "heads": list,
    "v": int,
}  # fmt: skip
_COURSE = dict.fromkeys(("course", "name", "credits", "score", "letter", "points", "note"), str)
_HEAD = {"stream": str, "sequence": int, "hash": str, "signed_at": int, "signature": str}


def _is_row(row: object, shape: Mapping[str, type]) -> bool:
    return isinstance(row, dict) and all(type(row.get(name)) is kind for name, kind in shape.items())


def heads_of(transcript: Transcript) -> list[Head]:
    """The signed heads in a statement; one whose signature is no hexadecimal text counts as unsigned."""
    out = []
    for row in transcript.statement["heads"]:
        try:
            signature = bytes.fromhex(row["signature"])
        except ValueError:
            signature = b""
        out.append(Head(row["stream"], row["sequence"], row["hash"], row["signed_at"], signature))
    return out


def _looks_the_same(given: bytes, expected: bytes) -> bool:
    """Whether both files show the same pages, dot by dot."""
    import pypdfium2

    try:
        first, second = pypdfium2.PdfDocument(given), pypdfium2.PdfDocument(expected)
        if len(first) != len(second):
            return False
        return all(
            first[at].render(scale=_DPI_SCALE, grayscale=True).to_numpy().tobytes()
            == second[at].render(scale=_DPI_SCALE, grayscale=True).to_numpy().tobytes()
            for at in range(len(first))
        )
    except pypdfium2.PdfiumError:
        return False


# --- the statement ----------------------------------------------------------------------------------------------------


def statement_of(
    record: Mapping[str, Any],
    *,
    issued: date,
    site: str,
    place: str,
    institution: str,
    above: str,
    programme: str,
    person: Mapping[str, str],
    basis: Iterable[str] = (),
    official: Iterable[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The statement about a learner, from the document of ``tuxa record show``.

    `basis` are the “Căn cứ” lines of the cohort's profile (TXC-2-2); `official` holds results of the study office for
    courses that have no grade in the record.
    """
    courses = {item["course"]: _course(item) for item in record["courses"]}
    for row in official:
        if not courses.get(row["course"], {}).get("letter"):
            courses[row["course"]] = dict(row)
    told = [courses[code] for code in sorted(courses) if courses[code]["letter"] or courses[code]["score"]]
    earned, points, counted = Decimal(0), Decimal(0), Decimal(0)
    for item in told:
        credits = Decimal(item["credits"])
        passed = item["note"] != FAILED
        earned += credits if passed else 0
        try:
            points += Decimal(item["points"]) * credits
            counted += credits
        except InvalidOperation:
            continue  # letters without points are left out of averages (T8-10.3)
    average = (points / counted).quantize(Decimal("0.01"), "ROUND_HALF_UP") if counted else None
    return {
        "learner": record["learner"],
        "site": site,
        "place": place,
        "institution": institution,
        "above": above,
        "programme": programme,
        "cohort": record["cohort"],
        "issued": issued.isoformat(),
        "basis": list(basis),
        "name": person.get("name", ""),
        "code": person.get("code", ""),
        "birth": person.get("birth", ""),
        "courses": told,
        "earned": f"{earned.normalize():f}",
        "average": str(average) if average is not None else "",
        "heads": [dict(head) for head in record["heads"]],
    }


FAILED: Final = "Không đạt"


def _course(item: Mapping[str, Any]) -> dict[str, str]:
    grade = item["grade"] or {}
    return {
        "course": item["course"],
        "name": item["name"],
        "credits": item["credits"],
        "score": grade.get("score") or "",
        "letter": grade.get("letter") or "",
        "points": grade.get("points") or "",
        "note": "" if not grade or grade.get("passed") else FAILED,
    }


def born(value: date | None) -> str:
    """A day of birth as printed."""
    return day(value)
