"""The record as one page of HTML for a tumour board: self-contained, without scripts."""

from __future__ import annotations

from tumorcast.clinic.host.words import STATEMENT, warnings_of
from tumorcast.clinic.pages import rendered
from tumorcast.clinic.ranking import words
from tumorcast.clinic.ranking.charts import chart_svg
from tumorcast.clinic.ranking.record import Ranking

_PACKAGE = "tumorcast.clinic.ranking"


def html_of(ranking: Ranking) -> str:
    """The page; every text of the record is escaped."""
    return rendered(
        _PACKAGE,
        "page.html.j2",
        ranking=ranking,
        sections=list(words.sections(ranking)),
        names={one.key: one.name for one in ranking.candidates},
        words=words,
        host_statement=STATEMENT,
        host_warnings=() if ranking.host is None else warnings_of(ranking.host),
        chart=chart_svg(ranking),
    )
