"""What the packets of a batch are made of: its contents, their sources by hash, the shared pages, who sends it."""

from __future__ import annotations

from dataclasses import replace

from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.model import Catalogue
from delivery.clock import VIETNAM, from_micros
from delivery.errors import N_, GateClosed, NotFound, Refused
from delivery.postal.outgoing.bodies import bodies_of
from delivery.postal.outgoing.contents import check_gate, choose_parts, missing_kinds, require_kinds
from delivery.postal.outgoing.foreign import require_carried
from delivery.postal.outgoing.make import House, Layouts, lay_out, local_date
from delivery.postal.outgoing.packet import BatchSpec, Part
from delivery.postal.outgoing.stock import load_stock
from delivery.postal.outgoing.term import days_of, week_of
from delivery.postal.outgoing.wish import Wish
from delivery.postal.parts import Desk


def make_spec(desk: Desk, batch: str, wish: Wish) -> BatchSpec:
    """What each packet will hold, with page counts. Raises GateClosed, BadInput or Refused."""
    catalogue = desk.catalogue()
    parts = choose_parts(catalogue, wish.course, units=wish.units)
    check_gate(catalogue, wish.course, parts, desk.materials.approved)
    not_needed = require_kinds(wish.not_needed)
    parts = tuple(replace(part, approval=_decision(desk, part)) for part in parts)
    today = desk.clock.now().astimezone(VIETNAM).date()
    first, last = days_of(wish.send or today)
    airs, dues = week_of(desk.database, catalogue, first, last)
    excused = [kind for kind, _ in not_needed]
    present = {part.kind for part in parts}
    spec = BatchSpec(
        batch=batch,
        course=wish.course,
        base_url=desk.settings.base_url,
        parts=parts,
        missing=tuple(str(kind) for kind in missing_kinds(parts, not_needed=excused)),
        not_needed=tuple(entry for entry in not_needed if entry[0] not in present),
        options=replace(wish.options, closed=wish.options.closed or bool(wish.only)),
        mailing=wish.mailing,
        first_day=first.isoformat(),
        last_day=last.isoformat(),
        airs=airs,
        dues=dues,
    )
    sources = sources_of(desk, spec)
    bodies = bodies_of(spec, sources, desk.translate)
    for part, body in zip(parts, bodies, strict=True):
        if body.source:
            pages = {inset.page for page in body.pages for inset in page.insets}
            require_carried(sources[body.source], sorted(pages), part.material)
    counted = zip(parts, bodies, strict=True)
    spec = replace(spec, parts=tuple(replace(part, pages=len(body.pages)) for part, body in counted))
    stock = load_stock(desk.settings.home)
    piece = stock.mailpiece(spec.pages, duplex=spec.options.duplex, envelope=spec.options.envelope)
    spec = replace(spec, window=stock.envelope(piece.envelope).window)
    # The cover letter must be able to list everything: known before anything is planned.
    lay_out(spec, house_of(desk, catalogue, spec, ""), bodies)
    return spec


def sources_of(desk: Desk, spec: BatchSpec) -> dict[str, bytes]:
    """The sources of all parts, read by content hash, so that altered bytes cannot pass.

    Raises GateClosed naming the material whose file is missing or altered.
    """
    out: dict[str, bytes] = {}
    for part in spec.parts:
        try:
            out[part.content] = desk.blobs.get(part.content)
        except (NotFound, GateClosed) as error:
            raise GateClosed(
                N_("The file of material {material} is missing or was altered: {reason}"),
                do=N_("Restore it from a backup, or import it and have it approved again."),
                material=part.material,
                reason=error.what,
            ) from error
    return out


def layouts_of(desk: Desk, spec: BatchSpec, house: House) -> Layouts:
    """The shared pages of a planned batch. Raises Refused when a part no longer has the pages it was planned with."""
    bodies = bodies_of(spec, sources_of(desk, spec), desk.translate)
    for part, body in zip(spec.parts, bodies, strict=True):
        if part.pages != len(body.pages):
            raise Refused(
                N_(
                    "Material {material} now takes {now} pages, but batch {batch} was planned with {planned}."
                ),
                do=N_("Plan a new batch: the page layout has changed since."),
                material=part.material,
                now=len(body.pages),
                batch=spec.batch,
                planned=part.pages,
            )
    return lay_out(spec, house, bodies)


def house_of(desk: Desk, catalogue: Catalogue, spec: BatchSpec, day: str) -> House:
    """Who sends the packets of a batch; `day` as it is printed."""
    site = catalogue.sites.get(desk.settings.site)
    course = catalogue.courses.get(spec.course)
    name = site.name if site else catalogue.institution.name
    address = site.address if site and site.address else catalogue.institution.address
    postcode = site.postcode if site else ""
    lines = tuple(line for line in (name, " ".join((address, postcode)).strip()) if line)
    return House(
        catalogue.institution.name,
        lines,
        course.name if course else spec.course,
        day,
        desk.translate.language,
    )


def batch_day(created_at: int) -> str:
    """The day on which a batch was planned, as its letters name it."""
    return local_date(from_micros(created_at).astimezone(VIETNAM).date())


def names_in(catalogue: Catalogue) -> tuple[dict[str, str], dict[str, str]]:
    """(titles of activities, names of people), by code."""
    titles = {code: activity.title for code, activity in catalogue.activities.items()}
    return titles, {code: person.name for code, person in catalogue.people.items()}


def recheck(desk: Desk, spec: BatchSpec) -> None:
    """The gate again, at the time of use: approval may have been withdrawn since planning (design D7)."""
    closed = sorted(
        {
            part.material
            for part in spec.parts
            if not desk.materials.approved(part.material, content=part.content, mode=DeliveryMode.POSTAL)
        }
    )
    if closed:
        raise GateClosed(
            N_("Batch {batch} holds material that is no longer approved for print: {materials}."),
            do=N_("Approve it again, or plan a new batch with the new edition."),
            batch=spec.batch,
            materials=", ".join(closed),
        )


def _decision(desk: Desk, part: Part) -> str:
    approval = desk.materials.approval(part.material, part.content)
    return approval.decision if approval else ""
