"""The messages function: conversations, what is written in them, and what its risk calls for."""

from shared.http.app import function

from . import conversations, history, messages, redelivery

handle = function("messages", conversations.routes, messages.routes, history.routes, redelivery.routes)
