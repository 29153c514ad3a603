"""The auth function: who somebody is, and where they are signed in."""

from shared.http.app import function

from . import mailed_tokens, mails, sessions, sign_in, sign_up

handle = function("auth", sign_up.routes, mailed_tokens.routes, sign_in.routes, sessions.routes, mails.routes)
