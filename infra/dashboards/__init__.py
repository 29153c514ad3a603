"""Grafana's dashboards as code, the same for QA and production: `python -m infra.dashboards` writes them."""
