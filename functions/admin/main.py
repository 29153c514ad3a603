"""The admin function: what administrators see of the whole, and the contract that everyone may read."""

from shared.http.app import function

from . import (
    audit,
    audit_sealing,
    break_glass,
    break_glass_list,
    break_glass_review,
    contract_document,
    credential_reviews,
    fleet,
    grafana,
    impersonation,
    impersonations_shown,
    statistics,
    tick,
    timeseries,
    users,
    vitals,
)

handle = function(
    "admin",
    statistics.routes,
    timeseries.routes,
    users.routes,
    credential_reviews.routes,
    impersonation.routes,
    impersonations_shown.routes,
    break_glass.routes,
    break_glass_list.routes,
    break_glass_review.routes,
    audit.routes,
    audit_sealing.routes,
    tick.routes,
    fleet.routes,
    grafana.routes,
    contract_document.routes,
    vitals.routes,
)
