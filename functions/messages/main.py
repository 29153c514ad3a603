"""The messages function: conversations, what is written in them, and what its risk calls for."""

from shared.http.app import function

from . import (
    alerts_list,
    alerts_steps,
    alerts_watch,
    conversations,
    edits,
    file_checking,
    file_tending,
    files,
    history,
    messages,
    on_call_list,
    opened_record,
    read_state,
    redelivery,
    search,
    search_packs,
    tick,
)

handle = function(
    "messages",
    conversations.routes,
    messages.routes,
    edits.routes,
    files.routes,
    file_checking.routes,
    file_tending.routes,
    history.routes,
    read_state.routes,
    search.routes,
    search_packs.routes,
    alerts_list.routes,
    alerts_steps.routes,
    alerts_watch.routes,
    on_call_list.routes,
    opened_record.routes,
    redelivery.routes,
    tick.routes,
)
