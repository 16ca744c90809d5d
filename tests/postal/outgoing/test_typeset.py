"""Line and page breaking."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from delivery.postal.fonts import measure
from delivery.postal.outgoing.lines import SANS, break_lines
from delivery.postal.outgoing.markdown import Answer, Block, Choices, Paragraph, Span, read_assignment
from delivery.postal.outgoing.typeset import ANSWER_PITCH_MM, Frame, typeset
from delivery.postal.page import Face, Line, Text

FRAME = Frame(20, 48, 170, 258)
words = st.lists(
    st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyầỗậữ", min_size=1, max_size=12), min_size=1, max_size=60
)


@given(words, st.floats(25, 170))
def test_lines_hold_every_word_in_order_and_stay_inside_the_frame(text: list[str], width: float) -> None:
    lines = break_lines((Span(" ".join(text)),), width, 10.5, look=SANS, measure=measure)
    joined = " ".join("".join(run.text for run in line) for line in lines)
    assert joined.replace(" ", "") == "".join(text)
    for line in lines:
        end = max(run.x + measure(run.text, run.face, 10.5) for run in line)
        assert end <= width + 0.1


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_answer_areas_have_all_their_lines_and_never_leave_the_page(sizes: list[int]) -> None:
    blocks: list[Block] = []
    for number, size in enumerate(sizes, start=1):
        blocks += [Paragraph((Span(f"Câu {number}"),)), Answer(size, number)]
    pages = typeset(blocks, first=FRAME, rest=FRAME, look=SANS, measure=measure)
    for number, size in enumerate(sizes, start=1):
        areas = [area for page in pages for area in page.answers if area.question == number]
        assert round(sum(area.height for area in areas) / ANSWER_PITCH_MM) == size
    for page in pages:
        assert all(FRAME.top <= a.y and a.y + a.height <= FRAME.bottom + 1e-6 for a in page.answers)


def test_text_of_any_length_stays_between_header_and_footer() -> None:
    text = "## Câu 1\n\n" + "\n\n".join("Một đoạn văn dài để kiểm tra ngắt trang. " * 9 for _ in range(40))
    pages = typeset(
        read_assignment(text).blocks,
        first=FRAME,
        rest=FRAME,
        look=SANS,
        measure=measure,
        fill_last_answer=True,
    )
    assert len(pages) > 3
    for page in pages:
        for item in page.items:
            if isinstance(item, Text):
                assert FRAME.top < item.y < FRAME.bottom
            elif isinstance(item, Line):
                assert FRAME.top <= item.y1 <= FRAME.bottom + 1e-6


def test_a_question_that_goes_over_the_page_is_named_again() -> None:
    pages = typeset(
        [Answer(40, 3)],
        first=FRAME,
        rest=FRAME,
        look=SANS,
        measure=measure,
        continued="Câu {question} (tiếp theo)",
    )
    first, second = pages
    assert not any(isinstance(item, Text) for item in first.items)
    assert [item.text for item in second.items if isinstance(item, Text)] == ["Câu 3 (tiếp theo)"]
    assert Face.SANS_ITALIC in {item.face for item in second.items if isinstance(item, Text)}


@given(st.lists(st.text("aăâbcđếgh ", min_size=1, max_size=90), min_size=1, max_size=9), st.booleans())
def test_every_choice_has_a_bubble_of_its_own_inside_the_frame(options: list[str], large: bool) -> None:
    spans = tuple((Span(option),) for option in options)
    pages = typeset(
        [Choices(4, spans, many=True)],
        first=FRAME,
        rest=FRAME,
        look=SANS,
        measure=measure,
        scale=1.5 if large else 1.0,
    )
    bubbles = [bubble for page in pages for bubble in page.bubbles]
    assert [bubble.value for bubble in bubbles] == list("ABCDEFGHI"[: len(options)])
    assert {(bubble.question, bubble.many) for bubble in bubbles} == {(4, True)}
    for page in pages:
        places = [(bubble.x, bubble.y) for bubble in page.bubbles]
        for number, (x, y) in enumerate(places):
            assert FRAME.x < x < FRAME.x + FRAME.width
            assert all(abs(x - u) > 5 or abs(y - v) > 4.9 for u, v in places[:number])
