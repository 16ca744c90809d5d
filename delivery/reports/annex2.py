"""Phụ lục II of Thông tư 28/2023/TT-BGDĐT: the yearly report of a partner (TX-14.1b), as printed in the source."""

from __future__ import annotations

from datetime import date

from delivery.catalogue.kinds import SiteKind
from delivery.errors import N_, Message, NotFound
from delivery.regulation.rules.tx14_reports import DISTRICT, recipients
from delivery.regulation.snapshot import Snapshot
from delivery.reports.annex import (
    LEGACY,
    agreement_cells,
    agreement_columns,
    contracts_of_year,
    kept,
    learner_cells,
    learner_columns,
    letterhead,
    major_name,
    numbered_rows,
    peoples_committee,
    province_of,
    written,
)
from delivery.reports.document import Behind, Column, Report, Section, Table, number, text
from delivery.reports.learners import Counted, learners_of_year, places_of, problems_of, quota_of
from delivery.reports.texts import Texts


def partners_of_year(s: Snapshot, year: int) -> list[str]:
    """Partners that owe a report: a contract in force in the year, or learners there."""
    sites = {contract.partner for contract in contracts_of_year(s, year)}
    sites |= {
        place.site
        for place in learners_of_year(s, year)
        if place.site in s.sites and s.sites[place.site].kind is SiteKind.PARTNER
    }
    return sorted(sites)


def annex2(s: Snapshot, year: int, partner: str, texts: Texts, *, today: date) -> Report:
    """The report of one partner. Raises NotFound for a code that is no partner."""
    site = s.sites.get(partner)
    if site is None or site.kind is not SiteKind.PARTNER:
        known = sorted(code for code, item in s.sites.items() if item.kind is SiteKind.PARTNER)
        raise NotFound(
            N_("There is no partner “{partner}”."),
            do=N_("Partners: {known}."),
            partner=partner,
            known=", ".join(known) or "-",
        )
    held = s.partners.get(partner)
    problems: list[Message] = []
    if not texts.recipients and recipients(s, year, partner=True)[-1] != DISTRICT:
        problems.append(
            Message(
                N_(
                    "{site}: there are no districts since 01/07/2025; «Nơi nhận» names the commune instead "
                    "(change it by “recipients”)."
                ),
                {"site": partner},
            )
        )
    return Report(
        kind="annex2",
        year=year,
        on=s.on,
        provisional=today <= date(year, 12, 31),
        letterhead=letterhead(
            texts,
            year,
            above=texts.supervising_body,
            name=site.name,
            abbreviation=site.code,
            province=held.province if held else "",
        ),
        title="BÁO CÁO",
        subtitle=f"Về công tác hợp tác đào tạo từ xa trình độ đại học năm {year}",
        sections=(
            Section("I", "Các cơ sở chủ trì đào tạo", _leads(s, year, partner)),
            Section(
                "II", "Tuyển sinh và đào tạo từ xa", _learners(s, year, partner, problems), landscape=True
            ),
            written("III", "Tồn tại, hạn chế (nếu có)", texts.shortcomings),
            written("IV", "Nguyên nhân và giải pháp khắc phục", texts.causes),
            written("V", "Kiến nghị của cơ sở phối hợp đào tạo", texts.proposals),
        ),
        recipients=texts.recipients or _recipients(s, year, partner, texts),
        signature=(
            texts.signer_title or "Lãnh đạo cơ sở phối hợp đào tạo",
            "(Ký tên và đóng dấu)",
            texts.signer,
        ),
        subject=partner,
        problems=tuple(problems),
    )


def _recipients(s: Snapshot, year: int, partner: str, texts: Texts) -> tuple[str, ...]:
    held = s.partners.get(partner)
    province = peoples_committee(held.province if held else "", "UBND cấp tỉnh")
    if recipients(s, year, partner=True)[-1] == DISTRICT:
        return ("Bộ GDĐT (để b/c);", "UBND tỉnh/huyện (để b/c);", kept(texts))
    commune = peoples_committee(held.commune if held else "", "UBND cấp xã")
    return ("Bộ GDĐT (để b/c);", f"{province} (để b/c);", f"{commune} (để b/c);", kept(texts))


def _leads(s: Snapshot, year: int, partner: str) -> Table:
    columns = (
        Column("TT", "(1)", weight=0.45),
        Column("Tên cơ sở đào tạo", "(2)", weight=1.8),
        Column("Tỉnh/ Thành phố nơi đặt trụ sở chính của cơ sở đào tạo", "(3)", weight=1.5),
        *agreement_columns(4),
    )
    own = Behind("institution", s.institution.code)
    rows = [
        (
            text(s.institution.name, own),
            text(province_of(s), own),
            *agreement_cells(s, contract),
        )
        for contract in contracts_of_year(s, year, partner)
    ]
    return Table(columns, numbered_rows(rows), size_pt=9.5)


def _learners(s: Snapshot, year: int, partner: str, problems: list[Message]) -> Table:
    columns = (
        Column("TT", "(1)", weight=0.4),
        Column("Tên cơ sở đào tạo", "(2)", weight=1.6),
        Column("Tên chương trình đào tạo từ xa", "(3)", weight=1.7),
        Column("Tên ngành đào tạo", "(4)", weight=1.4),
        Column("Mã ngành đào tạo", "(5)", weight=0.95),
        *learner_columns(in_year=False),
    )
    counted = learners_of_year(s, year)
    places = [place for place in places_of(s, year, counted) if place.site == partner]
    own = Behind("institution", s.institution.code)
    rows = []
    for place in places:
        programme = s.programmes[place.programme]
        behind = Behind("programmes", programme.code)
        found = counted.get(place) or Counted()
        problems += problems_of(place, found)
        quota = quota_of(s, year, place, set(places))
        rows.append(
            (
                text(s.institution.name, own),
                text(programme.name + (LEGACY if place.legacy else ""), behind),
                text(major_name(s, programme), behind),
                text(programme.major_code, behind),
                text("")
                if quota is None
                else number(quota, Behind("quotas", f"{place.programme}/{place.site}/{year}")),
                *learner_cells(found),
            )
        )
    return Table(columns, numbered_rows(rows))
