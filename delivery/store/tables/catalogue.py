"""The catalogue, one table per entity. Amounts are kept as exact decimal text, several words as ``a;b``."""

from __future__ import annotations

from datetime import date

from sqlmodel import Field, SQLModel


class InstitutionTable(SQLModel, table=True):
    """One row. `revision` is the digest of the whole catalogue, so that readers notice a change by one look."""

    __tablename__ = "catalogue_institution"

    code: str = Field(primary_key=True)
    name: str
    supervising_body: str
    address: str
    revision: str


class SiteTable(SQLModel, table=True):
    __tablename__ = "catalogue_site"

    code: str = Field(primary_key=True)
    name: str
    kind: str
    address: str
    postcode: str


class ProgrammeTable(SQLModel, table=True):
    __tablename__ = "catalogue_programme"

    code: str = Field(primary_key=True)
    version: str
    name: str
    major_code: str
    credits: str
    standard_months: int


class CohortTable(SQLModel, table=True):
    __tablename__ = "catalogue_cohort"

    code: str = Field(primary_key=True)
    programme: str
    admission_date: date
    profile: str


class CourseTable(SQLModel, table=True):
    __tablename__ = "catalogue_course"

    code: str = Field(primary_key=True)
    programme: str
    name: str
    credits: str
    lead_mode: str
    grading: str
    lecturer: str


class UnitTable(SQLModel, table=True):
    __tablename__ = "catalogue_unit"

    course: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    title: str


class ComponentTable(SQLModel, table=True):
    __tablename__ = "catalogue_component"

    course: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    name: str
    kind: str
    weight: str


class ActivityTable(SQLModel, table=True):
    __tablename__ = "catalogue_activity"

    code: str = Field(primary_key=True)
    course: str
    unit: int
    kind: str
    mode: str
    title: str
    minutes: int
    component: str
    due: date | None = None
    material: str


class MaterialTable(SQLModel, table=True):
    __tablename__ = "catalogue_material"

    code: str = Field(primary_key=True)
    course: str
    unit: int
    kind: str
    role: str
    modes: str
    title: str
    author: str
    edition: str
    content: str
    file: str


class PersonTable(SQLModel, table=True):
    __tablename__ = "catalogue_person"

    code: str = Field(primary_key=True)
    name: str
    roles: str
    employment: str
    degree: str
    institution: str
