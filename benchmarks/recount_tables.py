"""Both annexes written again, every cell of every table, in SQL over the raw tables: no code of the product is used.

:func:`annex1_tables` and :func:`annex2_tables` give each table's rows as the words that must stand in its cells;
:func:`differing` holds a report against them, cell by cell.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.recount import LEVELS, annex1_learners, annex1_staff

Rows = list[list[str]]
LEGACY = " (khóa theo Thông tư 10/2017/TT-BGDĐT)"
_TABLES: Mapping[str, tuple[str, ...]] = {
    "institution": ("code", "name"),
    "institution_details": ("code", "province"),
    "sites": ("code", "name", "kind", "address"),
    "partners": ("site", "province"),
    "programmes": ("code", "name", "major_code"),
    "programme_details": ("programme", "awarding_country"),
    "courses": ("code", "programme", "lead_mode"),
    "activities": ("code", "course", "mode"),
    "materials": ("code", "course", "role", "modes"),
    "evidence": ("code", "kind", "subject", "signed", "at", "number", "signer", "title"),
    "contracts": ("number", "partner", "signed", "starts", "ends", "programmes"),
    "quotas": ("programme", "site", "year", "quota"),
    "systems": ("code", "name", "part", "producer", "functions"),
}
"""The columns that are read; one that a file lacks is empty."""
_MODES = (
    ("network", "Mạng máy tính và viễn thông"),
    ("postal", "Thư tín"),
    ("broadcast", "Phát thanh - Truyền hình"),
)


class Raw:
    """The tables of a hand-over as views of one database in memory."""

    def __init__(self, duckdb: Any, folder: Path, year: int) -> None:
        self._duckdb, self.folder, self.year = duckdb, folder, year
        self._base = duckdb.connect()
        for name, columns in _TABLES.items():
            path = folder / f"{name}.csv"
            held: list[str] = []
            if path.is_file():
                with path.open(encoding="utf-8") as stream:
                    held = next(csv.reader(stream))
            parts = ", ".join(
                f'nfc_normalize(trim(coalesce("{c}", \'\'))) AS "{c}"' if c in held else f"'' AS \"{c}\""
                for c in columns
            )
            source = (
                f"read_csv('{path}', all_varchar=true, header=true)" if held else "(SELECT 1) WHERE false"
            )
            self._base.execute(f"CREATE VIEW {name} AS SELECT {parts} FROM {source}")
        self._base.execute(
            "CREATE MACRO on_(x) AS coalesce(try_strptime(left(x, 10), '%Y-%m-%d'), "
            "try_strptime(left(x, 10), '%d/%m/%Y'))::DATE"
        )
        self._base.execute("CREATE MACRO shown(x) AS coalesce(strftime(on_(x), '%d/%m/%Y'), '')")
        self._base.execute(
            "CREATE VIEW native AS SELECT * FROM programmes p WHERE NOT EXISTS (SELECT 1 FROM "
            "programme_details d WHERE d.programme = p.code AND upper(d.awarding_country) NOT IN ('', 'VN'))"
        )
        self._base.execute(
            f"CREATE VIEW newest AS SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY kind, subject "
            f'ORDER BY coalesce(on_(signed), on_("at")) DESC NULLS LAST, code DESC) AS place FROM evidence '
            f"WHERE coalesce(on_(signed), on_(\"at\"), DATE '1900-01-01') <= DATE '{year}-12-31') WHERE place = 1"
        )

    def rows(self, query: str) -> Rows:
        return [["" if value is None else str(value) for value in row] for row in self.ask(query)]

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._base.execute(query).fetchall()
        return found


def _numbered(rows: Rows) -> Rows:
    return [[str(at), *row] for at, row in enumerate(rows, start=1)]


def _grouped(value: int) -> str:
    """12345 as 12.345."""
    text = str(value)
    parts = []
    while len(text) > 3:
        text, tail = text[:-3], text[-3:]
        parts.append(tail)
    return ".".join([text, *reversed(parts)])


_MAJOR = (
    "coalesce(nullif((SELECT e.title FROM newest e WHERE e.kind = 'major_opening' "
    "AND e.subject = p.major_code), ''), p.name)"
)


def _decision(kind: str, column: str) -> str:
    return f"(SELECT {column} FROM newest e WHERE e.kind = '{kind}' AND e.subject = p.code)"


def _table_one(raw: Raw) -> Rows:
    used = """
        WITH used AS (
            SELECT c.programme, a.mode FROM courses c JOIN activities a ON a.course = c.code
            UNION SELECT c.programme, c.lead_mode FROM courses c
            WHERE NOT EXISTS (SELECT 1 FROM activities a WHERE a.course = c.code))
    """
    modes = " || ".join(
        f"CASE WHEN EXISTS (SELECT 1 FROM used u WHERE u.programme = p.code AND u.mode = '{mode}') "
        f"THEN '; {name}' ELSE '' END"
        for mode, name in _MODES
    )
    when = "shown(if(e.signed = '', e.\"at\", e.signed))"
    decided = ", ".join(
        _decision(kind, column)
        for kind in ("distance_decision", "programme_issue")
        for column in ("e.number", when, "e.signer")
    )
    query = f"{used} SELECT p.name, {_MAJOR}, {decided}, ltrim({modes}, '; ') FROM native p ORDER BY p.code"
    return _numbered(raw.rows(query))


def _agreements(raw: Raw, head: str, partner: str = "") -> Rows:
    """Rows about contracts in force on some day of the year."""
    # DuckDB does not correlate inside a lambda: names are looked up in a map.
    names = (
        "array_to_string(list_transform(string_split(c.programmes, ';'), "
        "lambda x: coalesce(known.names[trim(x)], trim(x))), '; ')"
    )
    query = f"""
        WITH known AS (SELECT map(list(code), list(name)) AS names FROM programmes)
        SELECT {head}, c.number, shown(c.signed), shown(c.starts) || ' - ' || shown(c.ends), {names}
        FROM contracts c CROSS JOIN known
        LEFT JOIN sites s ON s.code = c.partner LEFT JOIN partners b ON b.site = c.partner
        WHERE on_(c.starts) <= DATE '{raw.year}-12-31' AND on_(c.ends) >= DATE '{raw.year}-01-01'
        {f"AND c.partner = '{partner}'" if partner else ""}
        ORDER BY c.partner, on_(c.starts), c.number
    """
    return _numbered(raw.rows(query))


def _learner_rows(raw: Raw, partner: str = "") -> dict[tuple[str, str, bool], list[str]]:
    """(programme, site, older circular) -> the cells after the running number, as Phụ lục I writes them."""
    counted = annex1_learners(raw._duckdb, raw.folder, raw.year)
    quotas = {
        (programme, site): int(quota)
        for programme, site, quota in raw.ask(
            f"SELECT programme, site, quota FROM quotas WHERE year = '{raw.year}'"
        )
    }
    native = {
        code: (name, major, number)
        for code, name, major, number in raw.ask(
            f"SELECT p.code, p.name, {_MAJOR}, p.major_code FROM native p"
        )
    }
    sites = {
        code: "Trụ sở chính" if kind == "headquarters" else name
        for code, name, kind in raw.ask("SELECT code, name, kind FROM sites")
    }
    main = next(code for code, kind in raw.ask("SELECT code, kind FROM sites") if kind == "headquarters")
    keys = {key for key in counted if key[0] in native}
    # A quota is of today's circular, unless cohorts under the older one enrolled in that year.
    older = {key[:2] for key in keys if key[2] and any(counted[key][level] for level in LEVELS)}
    keys |= {(p, s, False) for p, s in quotas if p in native and (p, s) not in older}
    keys |= {(p, main, False) for p in native.keys() - {key[0] for key in keys}}
    out = {}
    for programme, site, legacy in keys:
        if partner and site != partner:
            continue
        name, major, number = native[programme]
        quota = quotas.get((programme, site))
        if legacy and (programme, site, False) in keys:
            quota = None
        numbers = counted.get((programme, site, legacy), {})
        out[(programme, site, legacy)] = [
            name + (LEGACY if legacy else ""),
            major,
            number,
            sites.get(site, site),
            "" if quota is None else _grouped(quota),
            *(
                _grouped(numbers.get(column, 0))
                for column in (*LEVELS, "dismissed", "graduated", "headcount")
            ),
        ]
    return out


def _staff(raw: Raw) -> Rows:
    counted = annex1_staff(raw._duckdb, raw.folder, raw.year)
    names = raw.ask("SELECT code, name FROM native ORDER BY code")
    return _numbered(
        [[name, *(_grouped(value) for value in counted.get(code, [0] * 7))] for code, name in names]
    )


def _software(raw: Raw) -> Rows:
    query = "SELECT name, producer, functions FROM systems WHERE part = 'software' ORDER BY code"
    return _numbered(raw.rows(query))


def _materials(raw: Raw) -> Rows:
    """Listed material by mode; what was appraised and approved is told by facts, of which a hand-over has none."""
    rows = []
    for mode, name in _MODES:
        (found,) = raw.ask(
            f"""SELECT count_if(m.role = 'main'), count_if(m.role = 'supplementary') FROM materials m
            JOIN courses c ON c.code = m.course JOIN native p ON p.code = c.programme
            WHERE list_contains(string_split(m.modes, ';'), '{mode}')"""
        )
        rows.append([name, *(_grouped(value) for value in found), "0", "0", "0"])
    return rows


def annex1_tables(raw: Raw) -> dict[str, Rows]:
    """Table -> rows, of Phụ lục I. Table III comes by key from :func:`learner_rows_differing`."""
    return {
        "I": _table_one(raw),
        "II": _agreements(raw, "coalesce(s.name, c.partner), s.address, b.province"),
        "IV": _staff(raw),
        "V": _software(raw),
        "VI": _materials(raw),
    }


def annex2_tables(raw: Raw, partner: str) -> dict[str, Rows]:
    """Table -> rows, of Phụ lục II of a partner."""
    ((name, province),) = raw.ask(
        "SELECT i.name, coalesce(d.province, '') FROM institution i LEFT JOIN institution_details d ON d.code = i.code"
    )
    quoted = [str(value).replace("'", "''") for value in (name, province)]
    return {"I": _agreements(raw, f"'{quoted[0]}', '{quoted[1]}'", partner)}


def _told(table: Any) -> Rows:
    return [[cell.text for cell in row] for row in table.rows]


def differing(report: Any, wanted: Mapping[str, Rows]) -> list[str]:
    """Cells of a report that are not as counted, with both; a missing or surplus row is one."""
    tables, found = dict(report.tables()), []
    for number, rows in wanted.items():
        told = _told(tables[number])
        if len(told) != len(rows):
            found.append(f"{number}: {len(told)} rows, counted {len(rows)}")
        found += [
            f"{number}/{at}/{column}: “{said}”, counted “{counted}”"
            for at, (line, count) in enumerate(zip(told, rows, strict=False), start=1)
            for column, (said, counted) in enumerate(_pairs(line, count), start=1)
            if said != counted
        ]
    return found


def _pairs(line: Sequence[str], count: Sequence[str]) -> list[tuple[str, str]]:
    width = max(len(line), len(count))
    return list(
        zip([*line, *["–"] * (width - len(line))], [*count, *["–"] * (width - len(count))], strict=True)
    )


def learner_rows_differing(report: Any, raw: Raw, *, partner: str = "") -> list[str]:
    """Rows of table III (of Phụ lục II: table II) that are not as counted. Rows of zeros may stand besides."""
    number, wanted = ("II", _learner_rows(raw, partner)) if partner else ("III", _learner_rows(raw))
    ((institution,),) = raw.ask("SELECT name FROM institution")
    expected: dict[tuple[str, str], list[str]] = {}
    for cells in wanted.values():
        # Phụ lục II names the institution before the programme, and no venue.
        row = [institution, *cells[:3], *cells[4:]] if partner else cells
        expected[(cells[0], cells[3])] = row
    found, seen = [], set()
    site = next(iter(wanted.values()))[3] if wanted else ""
    for at, line in enumerate(_told(dict(report.tables())[number]), start=1):
        key = (line[2], site) if partner else (line[1], line[4])
        if line[0] != str(at):
            found.append(f"{number}/{at}/1: {line[0]}")
        counted = expected.get(key)
        if counted is None:
            if set(line[6:]) != {"0"}:
                found.append(f"{number}/{at}: {line}, not counted")
            continue
        seen.add(key)
        found += [
            f"{number}/{at}/{column}: “{said}”, counted “{count}”"
            for column, (said, count) in enumerate(_pairs(line[1:], counted), start=2)
            if said != count
        ]
    return found + [f"{number}: no row for {key}" for key in expected.keys() - seen]
