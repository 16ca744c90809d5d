"""The readable source of printed bodies."""

from __future__ import annotations

from delivery.postal.outgoing.markdown import (
    Answer,
    Choices,
    Heading,
    Paragraph,
    Table,
    plain,
    read_assignment,
    read_document,
)
from delivery.postal.sheetlayout import Ruling


def _answers(text: str) -> list[tuple[int, int]]:
    return [(b.question, b.lines) for b in read_assignment(text).blocks if isinstance(b, Answer)]


def test_every_question_gets_room_for_its_answer_and_its_points_stand_apart() -> None:
    document = read_assignment("# Bài tập\n\n## Câu 1 (3 điểm)\n\nHỏi.\n\n## Câu 2 (7 điểm)\n\nHỏi nữa.\n")
    headings = [b for b in document.blocks if isinstance(b, Heading)]
    assert [(plain(h.spans), h.points) for h in headings] == [("Câu 1", "3 điểm"), ("Câu 2", "7 điểm")]
    assert [b.question for b in document.blocks if isinstance(b, Answer)] == [1, 2]
    assert document.title == "Bài tập"


def test_an_answer_line_sets_the_size_and_zero_leaves_it_out() -> None:
    assert _answers("## Câu 1\n\n[trả lời: 12 dòng]\n\n## Câu 2\n\n[answer: 0 lines]\n") == [(1, 12)]


def test_an_assignment_without_questions_gets_one_answer_area() -> None:
    assert len(_answers("Hãy viết một đoạn văn.")) == 1


def test_decomposed_letters_are_composed() -> None:
    block = read_document("Tie\u0302\u0301ng Vie\u0323\u0302t").blocks[0]
    assert isinstance(block, Paragraph)
    assert plain(block.spans) == "Tiếng Việt"


def test_lists_tables_and_quotes_become_blocks() -> None:
    blocks = read_document("1. a\n2. b\n\n- c\n\n> d\n\n| x | y |\n|---|---|\n| 1 | 2 |\n").blocks
    paragraphs = [b for b in blocks if isinstance(b, Paragraph)]
    assert [(p.marker, p.depth, p.quoted) for p in paragraphs] == [
        ("1.", 1, False),
        ("2.", 1, False),
        ("•", 1, False),
        ("", 0, True),
    ]
    assert any(isinstance(b, Table) and len(b.rows) == 2 for b in blocks)


def test_choices_become_bubbles_and_leave_no_other_room() -> None:
    text = "## Câu 1\n\n- ( ) Một\n- ( ) Hai\n- ( ) Ba\n\n## Câu 2\n\n- [ ] a\n- [ ] b\n\n## Câu 3\n"
    blocks = read_assignment(text).blocks
    choices = [b for b in blocks if isinstance(b, Choices)]
    assert [(c.question, len(c.options), c.many) for c in choices] == [(1, 3, False), (2, 2, True)]
    assert plain(choices[0].options[1]) == "Hai"
    assert _answers(text) == [(3, 9)]


def test_squared_paper_and_boxes_can_be_asked_for() -> None:
    asked = ("[trả lời: 8 dòng ô ly]", "[answer: 6 squared lines]", "[trả lời: khung]")
    text = "\n\n".join(f"## Câu {number}\n\n{line}" for number, line in enumerate(asked, start=1))
    rulings = [(b.lines, b.ruling) for b in read_assignment(text).blocks if isinstance(b, Answer)]
    assert rulings == [(8, Ruling.SQUARED), (6, Ruling.SQUARED), (2, Ruling.BOX)]
