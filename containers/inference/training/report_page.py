"""A version's report as a page: self-contained, without a script, and without a text of anybody's."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from containers.inference.training import report_pictures
from containers.inference.training.report import SECTIONS, main_figures

_TEMPLATE: Final = Path(__file__).parent / "report_page.html"
_LANGUAGES: Final = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "pt": "Portuguese",
}
_COUNTED: Final = ("kinds", "labels", "languages")
Row = tuple[str, float, Sequence[float]]


def report_page(report: Mapping[str, Any]) -> str:
    """The whole page from the report's JSON."""
    from jinja2 import Environment, StrictUndefined

    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return page.render(
        report=report,
        main=main_figures(report),
        sections=SECTIONS,
        pictures=report_pictures,
        f1_rows=_f1_rows,
        baseline_rows=_baseline_rows,
        languages=_LANGUAGES,
        categories=_names(report["behaviour"]["byCategory"].values()),
        counted={group: _names(part[group] for part in report["data"].values()) for group in _COUNTED},
    )


def _f1_rows(figures: Mapping[str, Any]) -> list[Row]:
    each = [(label, one["f1"]["value"], one["f1"]["ci95"]) for label, one in figures["classes"].items()]
    return [*each, ("mean (macro-F1)", figures["macroF1"]["value"], figures["macroF1"]["ci95"])]


def _baseline_rows(baselines: Iterable[Mapping[str, Any]]) -> list[Row]:
    return [(one["name"], one["macroF1"]["value"], one["macroF1"]["ci95"]) for one in baselines]


def _names(groups: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every name once, in the order of its first appearance."""
    return list(dict.fromkeys(name for group in groups for name in group))
