"""A small real home for tests of post: one course by post, approved material, enrolled learners."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from delivery.app import App
from delivery.catalogue.kinds import ActivityKind, DeliveryMode, MaterialKind, MaterialRole, SiteKind
from delivery.catalogue.model import (
    Activity,
    Catalogue,
    Course,
    Institution,
    LearnerProfile,
    Material,
    Programme,
    Site,
)
from delivery.clock import Clock, ManualClock, to_micros
from delivery.ids import IdSource, SeededIds, fact_id
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.printing import Printed, packet_pages, print_batch
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.settings import Settings
from delivery.store.packets import Packets
from delivery.store.vault import profile_to
from tests.support import schema

COURSE = "NLTK102"
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)

TEXTBOOK = """# Giáo trình Nguyên lý thống kê

## Bài 2. Số trung bình, trung vị và mốt

Khi có một dãy số liệu, câu hỏi đầu tiên thường là: dãy số ấy **tập trung** quanh giá trị nào?

- Số trung bình cộng bằng tổng các giá trị chia cho số giá trị.
- Trung vị là giá trị đứng giữa.

| Ngày | Số sản phẩm |
|---|---|
| Thứ hai | 12 |
| Thứ ba | 15 |
"""

ASSIGNMENT = """# Bài tập 1

Trình bày đủ các bước tính.

## Câu 1 (3 điểm)

Số công văn trong bảy ngày là: 9, 12, 7, 15, 12, 10, 5. Tính số trung bình mỗi ngày.

## Câu 2 (4 điểm)

Tìm trung vị của dãy số. Giải thích cách tìm.

[trả lời: 12 dòng]

## Câu 3 (3 điểm)

Số nào mô tả đúng hơn thu nhập của phần đông nhân viên? Vì sao?
"""

NAMES = (
    "Nguyễn Thị Ánh Tuyết",
    "Trần Văn Được",
    "Lê Hoàng Phúc",
    "Phạm Thị Ngọc Ngà",
    "Huỳnh Công Lộc",
    "Võ Thị Mỹ Duyên",
    "Đặng Quốc Huy",
    "Bùi Thị Hường",
)


def open_home(
    folder: Path, *, clock: Clock | None = None, ids: IdSource | None = None, inline: bool = True
) -> App:
    """The application on `folder`, with whatever is stored there."""
    settings = Settings(home=folder, public_url="https://hoctuxa.edu.vn", workers=1)
    kind = InlineApp if inline else App
    return kind(settings, clock or ManualClock(NOW), ids or SeededIds(7))


def make_home(folder: Path, *, learners: int = 3, without_address: int = 0, inline: bool = True) -> App:
    """A prepared home. The last `without_address` learners have no address."""
    app = open_home(folder, inline=inline)
    schema.init(app)
    textbook, workbook = app.blobs.put(TEXTBOOK.encode()), app.blobs.put(ASSIGNMENT.encode())
    with app.database.write() as connection:
        app.catalogue_store.save_in(connection, sample_catalogue(textbook, workbook))
    approve(app, "NLTK-GT", textbook)
    approve(app, "NLTK-BT1", workbook)
    for number in range(learners):
        enrol(
            app,
            number,
            address="" if number >= learners - without_address else f"{number + 1} đường Nguyễn Trãi",
        )
    return app


def approve(app: App, material: str, content: str) -> None:
    """Appraise and approve for post."""
    app.materials.appraise(material, content=content, minutes="BB-01", actor="HD01")
    app.materials.approve(
        material,
        content=content,
        modes=(DeliveryMode.POSTAL,),
        decision="QĐ-12/2026",
        signer="HT01",
        author="GV02",
    )


def enrol(
    app: App,
    number: int,
    *,
    address: str = "1 đường Nguyễn Trãi",
    name: str = "",
    postcode: str = "94108",
    province: str = "Thành phố Cần Thơ",
    site: str = "MAIN",
) -> str:
    """Register learner `number` and enrol them; the learner id."""
    profile = LearnerProfile(
        code=f"TX26{number + 1:04d}",
        full_name=name or NAMES[number % len(NAMES)],
        birth_date=date(2000, 1, 1),
        address=address,
        commune="Phường Ninh Kiều",
        province=province,
        postcode=postcode,
    )
    app.facts.append(_enrolled(app, profile, site), once=True)
    return app.keys.learner_id(profile.code)


def enrol_many(app: App, count: int) -> None:
    """Register and enrol many learners in one go, with postcodes of many places."""
    facts = (
        draft
        for number in range(count)
        for draft in _enrolled(
            app,
            LearnerProfile(
                code=f"TX27{number:06d}",
                full_name=NAMES[number % len(NAMES)],
                address=f"{number % 300 + 1} đường Nguyễn Trãi",
                commune="Phường Ninh Kiều",
                province="Thành phố Cần Thơ",
                postcode=f"{10000 + number * 37 % 89999:05d}",
            ),
            "MAIN",
        )
    )
    app.facts.append(facts, once=True)


def _enrolled(app: App, profile: LearnerProfile, site: str) -> list[Draft]:
    learner = app.keys.learner_id(profile.code)
    at = to_micros(app.clock.now())
    return [
        Draft(
            fact_id(FactKind.LEARNER_REGISTERED, learner),
            FactKind.LEARNER_REGISTERED,
            at,
            "import",
            {"cohort": "K1", "site": site},
            audience=site,
            learner=learner,
            private=profile_to(profile),
        ),
        Draft(
            fact_id(FactKind.COURSE_ENROLLED, learner, COURSE),
            FactKind.COURSE_ENROLLED,
            at,
            "import",
            {"cohort": "K1"},
            audience=site,
            learner=learner,
            course=COURSE,
        ),
    ]


def sample_catalogue(textbook: str, workbook: str) -> Catalogue:
    """One course by post with a textbook and one assignment."""
    address = "120 đường Võ Văn Kiệt, phường Bình Thủy, thành phố Cần Thơ"
    main = Site("MAIN", "Trường Đại học Mở Phương Nam", SiteKind.HEADQUARTERS, address, "94100")
    return Catalogue(
        institution=Institution("PNU", "Trường Đại học Mở Phương Nam", "", address),
        sites={"MAIN": main},
        programmes={"QTVP": Programme("QTVP", "1", "Quản trị văn phòng", "7340406", Decimal(120), 48)},
        courses={COURSE: Course(COURSE, "QTVP", "Nguyên lý thống kê", Decimal(3), DeliveryMode.POSTAL)},
        activities={
            "NLTK102-M1": Activity(
                COURSE, "NLTK102-M1", 2, ActivityKind.MATERIAL, DeliveryMode.POSTAL, "Học giáo trình", 900,
                material="NLTK-GT",
            ),
            "NLTK102-A1": Activity(
                COURSE, "NLTK102-A1", 2, ActivityKind.ASSIGNMENT, DeliveryMode.POSTAL,
                "Bài tập 1. Số trung bình, trung vị và mốt", 900, due=date(2026, 12, 31), material="NLTK-BT1",
            ),
        },
        materials={
            "NLTK-GT": Material(
                "NLTK-GT", COURSE, 0, MaterialKind.TEXTBOOK, MaterialRole.MAIN, (DeliveryMode.POSTAL,),
                "Giáo trình Nguyên lý thống kê", "GV02", "1", textbook,
            ),
            "NLTK-BT1": Material(
                "NLTK-BT1", COURSE, 2, MaterialKind.WORKBOOK, MaterialRole.MAIN, (DeliveryMode.POSTAL,),
                "Bài tập 1", "GV02", "1", workbook,
            ),
        },
    )  # fmt: skip


class InlineApp(App):
    """The same application with a thread in place of worker processes, for tests that start it often."""

    @contextmanager
    def executor(self) -> Iterator[Executor]:
        with ThreadPoolExecutor(1) as pool:
            yield pool


@dataclass(frozen=True)
class PrintedHome:
    """A home whose batch B1 is planned and printed."""

    app: App
    folder: Path
    result: Printed

    def sheets(self, role: str = "assignment") -> list[tuple[Path, int, str]]:
        """File, page index and page id of every page of one role, or of all with an empty role."""
        out = []
        for state in Packets(self.app.database, self.app.facts).states("B1"):
            file, first = packet_pages(self.folder / "print", state)
            for sheet in self.app.sheets.of_packet(state.packet):
                if role in ("", sheet.role):
                    out.append((file, first + sheet.position - 1, sheet.page_id))
        return out


def print_home(
    folder: Path, *, learners: int = 3, without_address: int = 0, inline: bool = True
) -> PrintedHome:
    """Make a home, plan and print batch B1."""
    app = make_home(folder, learners=learners, without_address=without_address, inline=inline)
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    return PrintedHome(app, folder, print_batch(app, "B1", actor="clerk"))
