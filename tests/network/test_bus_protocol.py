"""Messages of the bus, without a socket."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.errors import ExitCode, Refused
from delivery.network.bus.protocol import (
    MAX_BYTES,
    MAX_DEPTH,
    Answer,
    BadMessage,
    Command,
    Envelope,
    ErrorInfo,
    Event,
    Request,
    decode,
    encode,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
PARAMS = st.dictionaries(TEXT, VALUES, max_size=4)
IDS = st.from_regex(r"[0-9a-zA-Z_-]{1,64}", fullmatch=True)
METHODS = st.sampled_from(["ping", "channels.status", "ingest.add"])
ACTORS = st.sampled_from(["KTV01", "nguyễn.an"])
MESSAGES: st.SearchStrategy[Envelope] = st.one_of(
    st.builds(Request, IDS, METHODS, PARAMS, st.just("") | ACTORS),
    st.builds(Command, IDS, METHODS, PARAMS, ACTORS),
    st.builds(Answer, IDS, VALUES),
    st.builds(
        lambda ident, file: Answer(
            ident, error=ErrorInfo("File {file} is missing.", {"file": file}, "Look for {file}.")
        ),
        IDS,
        TEXT,
    ),
    st.builds(
        Event, st.sampled_from(["heartbeat", "channel.VTV-2", "ingest.j1"]), st.integers(0, 2**53), VALUES
    ),
)


@settings(max_examples=50)
@given(MESSAGES)
def test_every_message_comes_back_as_it_was_sent(message: Envelope) -> None:
    assert decode(encode(message)) == message


@settings(max_examples=50)
@given(MESSAGES)
def test_equal_messages_are_equal_bytes(message: Envelope) -> None:
    raw = encode(message)
    assert raw == encode(decode(raw))


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_and_never_crash_the_reader(raw: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(raw)


@given(MESSAGES, st.data())
def test_a_mutated_message_is_read_or_refused_but_never_crashes_the_reader(
    message: Envelope, data: st.DataObject
) -> None:
    raw = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
        if not raw:
            break
    try:
        decode(bytes(raw))
    except BadMessage as error:
        assert error.exit_code is ExitCode.REFUSED


@settings(max_examples=60)
@given(VALUES, VALUES, VALUES)
def test_any_json_in_any_field_is_read_or_refused(first: object, second: object, third: object) -> None:
    for kind in ("request", "command", "answer", "event", first):
        document = {
            "v": 1,
            "type": kind,
            "id": "a",
            "ok": False,
            "method": first,
            "params": second,
            "actor": third,
        }
        error = {"error": {"msgid": first, "params": second, "do": third}, "topic": first, "sequence": second}
        for body in (
            document,
            {**document, **error},
            {"v": first},
            {"v": 1, "type": "answer", "id": "a", "ok": False, **error},
        ):
            try:
                decode(orjson.dumps(body))
            except BadMessage:
                continue


def test_a_message_that_is_too_large_is_refused_on_both_sides() -> None:
    with pytest.raises(BadMessage, match="larger than"):
        encode(Answer("a", result="x" * MAX_BYTES))
    with pytest.raises(BadMessage, match="larger than"):
        decode(b" " * (MAX_BYTES + 1))


def test_a_message_that_is_nested_too_deep_is_refused_on_both_sides() -> None:
    deep: object = 1
    for _ in range(MAX_DEPTH):
        deep = [deep]
    with pytest.raises(BadMessage, match="depth"):
        encode(Answer("a", result=deep))
    with pytest.raises(BadMessage):
        decode(b'{"v":1,"type":"answer","id":"a","ok":true,"result":' + b"[" * 5000 + b"]" * 5000 + b"}")


def test_a_message_of_another_version_is_refused_by_name_and_keeps_its_id() -> None:
    with pytest.raises(BadMessage, match="version 2 of the bus") as refusal:
        decode(b'{"v":2,"type":"request","id":"abc"}')
    assert refusal.value.id == "abc"
    assert refusal.value.do is not None


def test_a_command_without_an_actor_is_refused() -> None:
    with pytest.raises(BadMessage, match="actor"):
        encode(Command("a", "ingest.add", {}, ""))


def test_a_field_that_this_version_does_not_know_is_refused() -> None:
    with pytest.raises(BadMessage, match="priority"):
        decode(b'{"v":1,"type":"request","id":"a","method":"ping","params":{},"actor":"","priority":1}')


@pytest.mark.parametrize("text", ["{file", "{missing}", "{0}", "{file.nothing}", "{file:>>>}", "{file!x}"])
def test_a_refusal_that_could_not_be_told_to_a_person_is_refused(text: str) -> None:
    error = {"msgid": text, "params": {"file": "a"}, "do": None}
    raw = orjson.dumps({"v": 1, "type": "answer", "id": "a", "ok": False, "error": error})
    with pytest.raises(BadMessage, match="error"):
        decode(raw)


def test_a_refusal_travels_with_its_words_and_what_to_do() -> None:
    raised = Refused("File {file} of {size} bytes is wrong.", do="Replace {file}.", file="a.mp4", size=12)
    answer = decode(encode(Answer("a", error=ErrorInfo.of(raised))))
    assert isinstance(answer, Answer)
    assert answer.error is not None
    again = Refused(answer.error.msgid, do=answer.error.do, **answer.error.params)
    assert str(again) == str(raised)
    assert str(again.do) == "Replace a.mp4."


def test_what_json_does_not_know_cannot_be_sent() -> None:
    with pytest.raises(BadMessage, match="cannot be sent"):
        encode(Answer("a", result=object()))
