"""Approval of material, as facts told it, bound to the content that was judged (TX-4.1, TX-4.5-1, design D7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from delivery.catalogue.kinds import DeliveryMode, MaterialState
from delivery.clock import Clock, from_micros, to_micros
from delivery.errors import N_, GateClosed, Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.tables.core import MaterialRightsTable, MaterialStateTable
from delivery.units import Micros

_rights = MaterialRightsTable.__table__  # type: ignore[attr-defined]
_state = MaterialStateTable.__table__  # type: ignore[attr-defined]


_NEVER = Micros(0)


@dataclass(frozen=True, slots=True)
class Approval:
    """Where one content of one material stands."""

    material: str
    content: str
    state: MaterialState
    modes: tuple[str, ...]
    decision: str
    appraised_us: Micros = _NEVER


Gate = Literal["", "unapproved", "unlicensed"]


@dataclass(frozen=True, slots=True)
class Rights:
    """What the institution may use, and when (TT-3.4)."""

    material: str
    owner: str
    licence: str
    """Number or name of the agreement."""
    territory: str
    since: datetime
    until: datetime | None
    """The first moment at which it may not be used any more; None: without end."""

    def cover(self, at: datetime) -> bool:
        """Whether the material may be used at that moment."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class _Decision:
    material: str
    content: str
    modes: tuple[DeliveryMode, ...]
    decision: str
    signer: str
    author: str


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
        return Approval(
            material, content, MaterialState(row.state), modes, row.decision, Micros(row.appraised_at)
        )

    def approved(
        self, material: str, *, content: str, mode: DeliveryMode, at: datetime | None = None
    ) -> bool:
        """Whether exactly these bytes may be used in `mode` at that moment (now unless told). Another edition or
        encoding needs its own approval, and rights that ran out close the gate as well."""
        return not self.gate(material, content=content, mode=mode, at=at)

    def gate(self, material: str, *, content: str, mode: DeliveryMode, at: datetime | None = None) -> Gate:
        """Why this content may not be used in `mode` at that moment (now unless told); empty when it may."""
        found = self.approval(material, content)
        if (
            found is None
            or found.state not in (MaterialState.APPROVED, MaterialState.IN_USE)
            or str(mode) not in found.modes
        ):
            return "unapproved"
        rights = self.rights(material)
        return "" if rights is None or rights.cover(at or self._clock.now()) else "unlicensed"

    def rights(self, material: str) -> Rights | None:
        """The rights in a material as they were told last; None when nothing was told: it is the institution's own."""
        with self._database.read() as connection:
            row = connection.execute(select(_rights).where(_rights.c.material == material)).first()
        if row is None:
            return None
        return Rights(
            row.material,
            row.owner,
            row.licence,
            row.territory,
            from_micros(row.start_us),
            from_micros(row.end_us) if row.end_us else None,
        )

    def license(self, rights: Rights, *, actor: str) -> None:
        """Record who holds the rights in a material, and from when until when they may be used here (TT-3.4)."""
        if rights.until is not None and rights.until <= rights.since:
            raise Refused(
                N_("The rights in {material} would end before they begin."),
                do=N_("Correct the two dates."),
                material=rights.material,
            )
        data = {
            "material": rights.material,
            "owner": rights.owner,
            "licence": rights.licence,
            "territory": rights.territory,
            "start": to_micros(rights.since),
            "end": to_micros(rights.until) if rights.until else 0,
        }
        if self.rights(rights.material) == rights:
            return
        now = to_micros(self._clock.now())
        self._facts.append(
            [
                Draft(
                    id=fact_id(FactKind.MATERIAL_LICENSED, *map(str, data.values()), now),
                    kind=FactKind.MATERIAL_LICENSED,
                    occurred_at=now,
                    actor=actor,
                    data=data,
                )
            ]
        )

    def appraise(
        self,
        material: str,
        *,
        content: str,
        minutes: str,
        actor: str,
        author: str = "",
        on: datetime | None = None,
    ) -> None:
        """Record the appraisal council's minutes (thẩm định), signed by `actor` at that moment (now unless told).

        The same minutes again are a no-op. Refused to the author (TX-4.5-1), and where other minutes of this content
        are recorded.
        """
        draft = self._appraisal(material, content, minutes, actor, author=author, on=on)
        if draft:
            self._facts.append([draft], once=True)

    def approve(
        self,
        material: str,
        *,
        content: str,
        modes: tuple[DeliveryMode, ...],
        decision: str,
        signer: str,
        author: str,
        on: datetime | None = None,
    ) -> None:
        """Record the approval decision (phê duyệt), signed at that moment (now unless told).

        Refused without an appraisal, before it, to the author, and to the person who signed the appraisal (TX-4.5-1).
        """
        known = self.approval(material, content)
        appraisal = self._facts.get(str(fact_id(FactKind.MATERIAL_APPRAISED, material, content)))
        if known is None or not known.appraised_us or appraisal is None:
            raise GateClosed(
                N_("Material {material} has not been appraised in this edition (TX-4.5-1)."),
                do=N_("Record the minutes of the appraisal first."),
                material=material,
            )
        decided = _Decision(material, content, modes, decision, signer, author)
        draft = self._approval(
            decided, appraiser=appraisal.actor, appraised_us=known.appraised_us, moment=self._moment(on)
        )
        if draft:
            self._facts.append([draft], once=True)

    def judge(
        self,
        material: str,
        *,
        content: str,
        modes: tuple[DeliveryMode, ...],
        minutes: str,
        appraiser: str,
        decision: str,
        signer: str,
        author: str,
        appraised_on: datetime | None = None,
        decided_on: datetime | None = None,
    ) -> None:
        """Appraisal and approval together, both or neither; refused as each of them is."""
        first = self._appraisal(material, content, minutes, appraiser, author=author, on=appraised_on)
        known = self.approval(material, content)
        appraised_us = Micros(first.occurred_at if first else known.appraised_us if known else 0)
        decided = _Decision(material, content, modes, decision, signer, author)
        # Both are signed "now" by the same clock, which may have gone on a moment.
        moment = self._moment(decided_on) if decided_on else max(appraised_us, self._moment(None))
        second = self._approval(decided, appraiser=appraiser, appraised_us=appraised_us, moment=moment)
        self._facts.append([draft for draft in (first, second) if draft], once=True)

    def _appraisal(
        self, material: str, content: str, minutes: str, actor: str, *, author: str, on: datetime | None
    ) -> Draft | None:
        """The fact to be told; None when it is told already."""
        _require_number(minutes, material)
        if actor and actor == author:
            raise GateClosed(
                N_("{person} is the author of material {material} and cannot appraise it (TX-4.5-1)."),
                do=N_("Let another person appraise it."),
                person=actor,
                material=material,
            )
        key = fact_id(FactKind.MATERIAL_APPRAISED, material, content)
        known = self._facts.get(str(key))
        if known is not None:
            if (known.data["minutes"], known.actor) != (minutes, actor):
                raise Refused(
                    N_("Material {material} was appraised by {person} already: minutes {minutes}."),
                    do=N_("Give those, or add the new edition of the material and have that appraised."),
                    material=material,
                    person=known.actor,
                    minutes=known.data["minutes"],
                )
            return None
        return Draft(
            id=key,
            kind=FactKind.MATERIAL_APPRAISED,
            occurred_at=self._moment(on),
            actor=actor,
            data={"material": material, "content": content, "minutes": minutes},
        )

    def _approval(
        self, decided: _Decision, *, appraiser: str, appraised_us: Micros, moment: Micros
    ) -> Draft | None:
        """The fact to be told; None when it is told already."""
        material, signer = decided.material, decided.signer
        _require_number(decided.decision, material)
        if signer == decided.author:
            raise GateClosed(
                N_("{signer} is the author of material {material} and cannot approve it (TX-4.5-1)."),
                do=N_("Let another person approve it."),
                signer=signer,
                material=material,
            )
        if appraiser == signer:
            raise GateClosed(
                N_("{signer} has appraised material {material} and cannot approve it as well (TX-4.5-1)."),
                do=N_("Let another person approve it."),
                signer=signer,
                material=material,
            )
        if moment < appraised_us:
            raise GateClosed(
                N_("The approval of material {material} is dated before its appraisal (TX-4.5-1)."),
                do=N_("Correct the date of the decision."),
                material=material,
            )
        key = fact_id(FactKind.MATERIAL_APPROVED, material, decided.content, decided.decision)
        known = self._facts.get(str(key))
        if known is not None:
            if known.data["signer"] != signer:
                raise Refused(
                    N_("Decision {decision} on material {material} was signed by {person}."),
                    do=N_("Check who signed it, or give the number of the other decision."),
                    decision=decided.decision,
                    material=material,
                    person=known.data["signer"],
                )
            return None
        return Draft(
            id=key,
            kind=FactKind.MATERIAL_APPROVED,
            occurred_at=moment,
            actor=signer,
            data={
                "material": material,
                "content": decided.content,
                "decision": decided.decision,
                "signer": signer,
                "modes": [str(mode) for mode in decided.modes],
            },
        )

    def _moment(self, on: datetime | None) -> Micros:
        now = to_micros(self._clock.now())
        moment = to_micros(on) if on else now
        if moment > now:
            raise Refused(
                N_("{date} is still to come."),
                do=N_("Give the date of the signature."),
                date=f"{on:%Y-%m-%d}",
            )
        return moment


def _require_number(number: str, material: str) -> None:
    if not number.strip():
        raise Refused(
            N_("The minutes or the decision for material {material} have no number."),
            do=N_("Give the number as it stands on the document."),
            material=material,
        )
