"""The admin function: what administrators see of the whole, and the contract that everyone may read."""

from shared.http.app import function

from . import contract_document

handle = function("admin", contract_document.routes)
