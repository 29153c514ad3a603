"""A dashboard as Grafana reads it: https://grafana.com/docs/grafana/latest/visualizations/dashboards/ (JSON model)."""

from collections.abc import Iterator
from typing import Any, Final

from infra.dashboards.panels import Dashboard, Panel, Query, Row

Json = dict[str, Any]
COLUMNS: Final = 24
SCHEMA_VERSION: Final = 41
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
CALM: Final = "text"
LOOK: Final = "orange"


def laid_out(dashboard: Dashboard, place: str) -> Json:
    """One dashboard for one place, which is also the name of the data source there."""
    return {
        "uid": f"{place}-{dashboard.name}",
        "title": f"{dashboard.title} ({place})",
        "description": dashboard.says,
        "tags": ["bloom", place],
        "schemaVersion": SCHEMA_VERSION,
        "timezone": "utc",
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "annotations": {"list": []},
        "templating": {"list": [_source(place)]},
        "links": [_links(place)],
        "panels": list(_panels(dashboard.rows)),
    }


def _source(place: str) -> Json:
    """The data source of the place, or the only one that there is on one machine."""
    return {
        "name": "source",
        "label": "Numbers of",
        "type": "datasource",
        "query": "prometheus",
        "regex": f"/^({place}|Prometheus)$/",
        "current": {"text": place, "value": place},
        "hide": 2,
        "includeAll": False,
        "multi": False,
    }


def _links(place: str) -> Json:
    return {
        "title": "Dashboards",
        "type": "dashboards",
        "tags": ["bloom", place],
        "asDropdown": True,
        "includeVars": False,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def _panels(rows: tuple[Row, ...]) -> Iterator[Json]:
    """From left to right and top to bottom."""
    number, y = 1, 0
    for row in rows:
        yield _row(row, number, y)
        number, y, x, tallest = number + 1, y + 1, 0, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            yield _panel(panel, number, x, y)
            number, x, tallest = number + 1, x + panel.width, max(tallest, panel.height)
        y += tallest


def _row(row: Row, number: int, y: int) -> Json:
    place = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
    return {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(panel: Panel, number: int, x: int, y: int) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "targets": [_target(panel, query, "ABCDEFGH"[place]) for place, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind](panel),
    }


def _target(panel: Panel, query: Query, letter: str) -> Json:
    return {
        "refId": letter,
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or panel.title,
        "range": True,
        "exemplar": panel.kind == "heatmap",
        "format": "heatmap" if panel.kind == "heatmap" else "time_series",
    }


def _defaults(panel: Panel) -> Json:
    if panel.kind == "heatmap":
        return {"custom": {"scaleDistribution": {"type": "linear"}}}
    common = {"unit": panel.unit, "min": 0, "noValue": "-", "thresholds": _thresholds(panel)}
    if panel.kind == "stat":
        return {**common, "color": {"mode": "thresholds"}}
    custom = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 20 if panel.stacked else 6,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "off" if panel.limit is None else "dashed"},
    }
    return {**common, "color": {"mode": "palette-classic-by-name"}, "custom": custom}


def _thresholds(panel: Panel) -> Json:
    if panel.limit is None:
        return {"mode": "absolute", "steps": [{"color": CALM, "value": None}]}
    before, after = (LOOK, CALM) if panel.good_above else (CALM, LOOK)
    return {"mode": "absolute", "steps": [{"color": before, "value": None}, {"color": after, "value": panel.limit}]}


def _stat(panel: Panel) -> Json:
    return {
        "colorMode": "none" if panel.limit is None else "value",
        "graphMode": "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "value",
    }


def _time_series(panel: Panel) -> Json:
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": len(panel.queries) > 1 or _varies(panel)}
    return {"legend": {**legend, "calcs": []}, "tooltip": {"mode": "multi", "sort": "desc"}}


def _varies(panel: Panel) -> bool:
    return any("{{" in query.legend for query in panel.queries)


def _heat(panel: Panel) -> Json:
    return {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Blues", "steps": 64, "exponent": 0.5, "reverse": False, "fill": "blue"},
        "exemplars": {"color": "rgba(255,152,48,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": panel.unit},
    }


_OPTIONS: Final = {"stat": _stat, "timeseries": _time_series, "heatmap": _heat}
