"""The manager's pages on the regulation: state by article with plots, the reports' numbers, the rows behind each."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.responses import Response

from delivery.errors import N_, NotFound
from delivery.i18n import Translator
from delivery.network.web.services import PortalServices, RegulationSource
from delivery.network.web.visit import Visit, VisitOf

VERDICTS = {
    "fail": N_("violated"),
    "unknown": N_("not shown"),
    "warn": N_("worth a look"),
    "pass": N_("satisfied"),
    "not_applicable": N_("does not apply"),
}
REPORTS = {
    "annex1": N_("Annex I: the institution"),
    "annex2": N_("Annex II: a partner"),
    "disclosure": N_("Public page"),
}
_MOST_ROWS = 500


def regulation_routes(services: PortalServices, overseer_of: VisitOf) -> APIRouter:
    """``/regulation``, ``/regulation/report`` and ``/regulation/rows``."""
    router = APIRouter()

    def source() -> RegulationSource:
        if services.regulation is None:
            raise NotFound(
                N_("The regulation is not checked here."),
                do=N_("Open this page on the portal of the main site."),
            )
        return services.regulation

    @router.get("/regulation")
    def overview(visit: Visit = Depends(overseer_of)) -> Response:
        view = source().overview(Translator(visit.language))
        return visit.page("regulation.html", view=view, verdicts=VERDICTS, svg=Markup, reports=REPORTS)

    @router.get("/regulation/report")
    def report(
        kind: str = "annex1", year: int = 0, partner: str = "", visit: Visit = Depends(overseer_of)
    ) -> Response:
        found = source().report(kind, year, partner)
        return visit.page("regulation_report.html", report=found, partner=partner, reports=REPORTS)

    @router.get("/regulation/rows")
    def rows(
        cell: str = "",
        kind: str = "annex1",
        year: int = 0,
        partner: str = "",
        visit: Visit = Depends(overseer_of),
    ) -> Response:
        found = source().rows(kind, year, cell, partner)
        return visit.page(
            "regulation_rows.html",
            cell=found,
            address=cell,
            kind=kind,
            year=year,
            partner=partner,
            rows=found.behind[:_MOST_ROWS],
            more=max(len(found.behind) - _MOST_ROWS, 0),
            reports=REPORTS,
        )

    return router
