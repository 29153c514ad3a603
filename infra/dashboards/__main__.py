"""`python -m infra.dashboards` writes every dashboard into infra/grafana/dashboards."""

from infra.dashboards.catalogue import files

for path, text in files().items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
