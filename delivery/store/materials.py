"""Approval of material, as facts told it, bound to the content that was judged (TX-4.1, TX-4.5-1, design D7)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from delivery.catalogue.kinds import DeliveryMode, MaterialState
from delivery.clock import Clock, to_micros
from delivery.errors import N_, GateClosed
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.tables.core import MaterialStateTable

_state = MaterialStateTable.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Approval:
    """Where one content of one material stands."""

    material: str
    content: str
    state: MaterialState
    modes: tuple[str, ...]
    decision: str


class Materials:
    """Appraise, approve, and ask."""

    def __init__(self, database: Database, facts: FactLog, clock: Clock) -> None:
        self._database = database
        self._facts = facts
        self._clock = clock

    def approval(self, material: str, content: str) -> Approval | None:
        """Where this content of the material stands; None when nobody judged it."""
        with self._database.read() as connection:
            row = connection.execute(
                select(_state).where(_state.c.material == material, _state.c.content == content)
            ).first()
        if row is None:
            return None
        modes = tuple(row.modes.split(",")) if row.modes else ()
        return Approval(material, content, MaterialState(row.state), modes, row.decision)

    def approved(self, material: str, *, content: str, mode: DeliveryMode) -> bool:
        """Whether exactly these bytes may be used in `mode`. Another edition or encoding needs its own approval."""
        found = self.approval(material, content)
        return (
            found is not None
            and found.state in (MaterialState.APPROVED, MaterialState.IN_USE)
            and str(mode) in found.modes
        )

    def appraise(self, material: str, *, content: str, minutes: str, actor: str) -> None:
        """Record the appraisal council's minutes (thẩm định)."""
        self._facts.append(
            [
                Draft(
                    id=fact_id(FactKind.MATERIAL_APPRAISED, material, content),
                    kind=FactKind.MATERIAL_APPRAISED,
                    occurred_at=to_micros(self._clock.now()),
                    actor=actor,
                    data={"material": material, "content": content, "minutes": minutes},
                )
            ],
            once=True,
        )

    def approve(
        self,
        material: str,
        *,
        content: str,
        modes: tuple[DeliveryMode, ...],
        decision: str,
        signer: str,
        author: str,
    ) -> None:
        """Record the approval decision (phê duyệt). Refused without appraisal, or to the author (TX-4.5-1)."""
        if signer == author:
            raise GateClosed(
                N_("{signer} is the author of material {material} and cannot approve it (TX-4.5-1)."),
                do=N_("Let another person approve it."),
                signer=signer,
                material=material,
            )
        if self.approval(material, content) is None:
            raise GateClosed(
                N_("Material {material} has not been appraised in this edition (TX-4.5-1)."),
                do=N_("Record the minutes of the appraisal first."),
                material=material,
            )
        self._facts.append(
            [
                Draft(
                    id=fact_id(FactKind.MATERIAL_APPROVED, material, content, decision),
                    kind=FactKind.MATERIAL_APPROVED,
                    occurred_at=to_micros(self._clock.now()),
                    actor=signer,
                    data={
                        "material": material,
                        "content": content,
                        "decision": decision,
                        "signer": signer,
                        "modes": [str(mode) for mode in modes],
                    },
                )
            ],
            once=True,
        )
