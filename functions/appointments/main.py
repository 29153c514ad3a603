"""The appointments function: when a therapist is free, and who meets whom."""

from shared.http.app import function

handle = function("appointments")
