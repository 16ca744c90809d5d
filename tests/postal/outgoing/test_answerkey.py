"""The key of an assignment: what it says, what answers come to, and that no learner ever sees it."""

from __future__ import annotations

import pytest

from delivery.catalogue.choices import without_key
from delivery.network.web.prose import to_html
from delivery.postal.outgoing.answerkey import key_of, score
from delivery.postal.outgoing.markdown import Choices, Paragraph, plain, read_assignment, read_document

TEXT = """# Bài tập

## Câu 1 (2 điểm)

- ( ) a
- (x) b

## Câu 2 (1,5 điểm)

1. [X] a
2. [x] b
3. [ ] c

## Câu 3 (6.5 điểm)

- (x) a
- (x) b
- ( ) c
"""


def mark(text: str, answers: dict[int, str]) -> str | None:
    key = key_of(read_assignment(text))
    assert key is not None
    made = score(key, answers)
    return made.mark if made else None


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({1: "B", 2: "AB", 3: "A"}, "10"),
        ({1: "B", 2: "AB", 3: "B"}, "10"),
        ({1: "A", 2: "ABC", 3: ""}, "0"),
        ({1: "B", 2: "A", 3: "C"}, "2"),
        ({1: "", 2: "AB", 3: "AB"}, "1.5"),
        ({1: "B", 2: "AB"}, None),
    ],
)
def test_answers_come_to_the_points_of_the_questions_that_are_right(
    answers: dict[int, str], expected: str | None
) -> None:
    assert mark(TEXT, answers) == expected


def test_points_that_do_not_make_ten_are_brought_to_ten_and_a_question_without_is_worth_one() -> None:
    three = "".join(f"## Câu {n}\n\n- (x) đúng\n- ( ) sai\n\n" for n in (1, 2, 3))
    assert mark(three, {1: "A", 2: "A", 3: "B"}) == "6.67"


@pytest.mark.parametrize(
    "more",
    [
        "## Câu 4 (1 điểm)\n\nGiải thích.\n",
        "## Câu 4 (1 điểm)\n\n- ( ) a\n- ( ) b\n",
        "## Câu 4 (1 điểm)\n\n- (x) a\n- ( ) b\n\n[trả lời: 3 dòng]\n",
        "## Câu 4 (1 điểm)\n\n- (x) a\n- ( ) b\n\nVà:\n\n- (x) a\n- ( ) b\n",
    ],
)
def test_a_work_of_which_a_person_must_mark_a_part_has_no_mark_by_the_key(more: str) -> None:
    answers = {1: "B", 2: "AB", 3: "A", 4: "A"}
    assert mark(TEXT + "\n" + more, answers) == ""


def test_an_assignment_without_a_key_has_none() -> None:
    assert key_of(read_assignment(without_key(TEXT))) is None
    assert key_of(read_assignment("Viết một đoạn văn.")) is None


def test_learners_never_see_the_key() -> None:
    with_key, without = TEXT.encode(), without_key(TEXT).encode()
    assert b"x)" not in without
    for file in ("bai.md", "bai.txt"):
        assert to_html(with_key, file=file, title="Bài tập") == to_html(without, file=file, title="Bài tập")
    # As material, where nobody fills anything in.
    assert read_document(TEXT) == read_document(without.decode())
    options = [b.options for b in read_assignment(TEXT).blocks if isinstance(b, Choices)]
    assert options == [b.options for b in read_assignment(without.decode()).blocks if isinstance(b, Choices)]


def test_lists_that_offer_no_choice_stay_as_they_are() -> None:
    done = "- [x] đã đọc\n- [x] đã ghi\n"
    assert without_key(done) == done
    first = read_assignment(done).blocks[0]
    assert isinstance(first, Paragraph)
    assert plain(first.spans) == "[x] đã đọc"
    link = "- [ ] a\n- [x](https://example.vn) b\n"
    assert without_key(link) == link
