"""The admin function: what administrators see of the whole, and the contract that everyone may read."""

from shared.http.app import function

from . import contract_document, credential_reviews, statistics, timeseries, users

handle = function(
    "admin",
    statistics.routes,
    timeseries.routes,
    users.routes,
    credential_reviews.routes,
    contract_document.routes,
)
