"""One packet as it will be printed, to be looked at before anything is planned, kept or drawn.

It names nobody, and no reader accepts its codes: whoever prints it all the same has waste paper and no lost sheet.
"""

from __future__ import annotations

from typing import Final

from delivery.errors import N_
from delivery.postal.outgoing.address import Addressee
from delivery.postal.outgoing.job import PacketJob, PageCode, drawn
from delivery.postal.outgoing.packet import BatchSpec, page_plan
from delivery.postal.outgoing.printing import batch_job
from delivery.postal.parts import Desk
from delivery.record.sheetcode import PAGE_ID_BYTES, SIDE_CHARS, TOKEN_CHARS

_NO_PAGE: Final = PageCode("00" * PAGE_ID_BYTES, "A" * TOKEN_CHARS, "A" * SIDE_CHARS)
"""Codes of the right length without a signature."""


def specimen(desk: Desk, spec: BatchSpec, *, day: str) -> bytes:
    """The packet of `spec` as PDF, without a feedback slip. Raises GateClosed or Refused as drawing does."""
    words = desk.translate
    name = words(N_("SPECIMEN: name of the learner"))
    lines = (name, words(N_("number and street")), words(N_("commune, province")), "000000")
    packet = PacketJob(
        packet="specimen",
        to=Addressee(name, "TX000000", lines, lines[-1]),
        courses=frozenset({spec.course}),
        notes=(),
        slip=0,
        pages=tuple(_NO_PAGE for _ in page_plan(spec)),
    )
    data, _ = drawn(batch_job(desk, spec, day=day, pages=len(packet.pages)), [packet], subject=spec.batch)
    return data
