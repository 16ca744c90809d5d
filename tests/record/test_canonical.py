"""Canonical bytes, held against an independent RFC 8785 implementation."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from delivery.record.canonical import MAX_SAFE_INTEGER, NotCanonical, canonical

texts = st.text(st.characters(exclude_categories=["Cs"]))
keys = st.text(st.characters(max_codepoint=127))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_bytes_are_those_of_rfc_8785(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [0.5, MAX_SAFE_INTEGER + 1, {"ư": 1}, {"a": {1: 2}}, {"a": b"x"}, "\ud800"])
def test_what_could_be_written_in_two_ways_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)
