"""The appointments function: when a therapist is free, and who meets whom."""

from shared.http.app import function

from . import (
    appointments,
    attendance_correction,
    availability,
    booking,
    calendar_download,
    cancelling,
    care_relationships,
    events,
    holds,
    join,
    reconciliation,
    rescheduling,
    series,
    therapist_slots,
    therapists,
    tick,
    waitlist,
    zoom_webhook,
)

handle = function(
    "appointments",
    therapists.routes,
    therapist_slots.routes,
    availability.routes,
    care_relationships.routes,
    appointments.routes,
    booking.routes,
    rescheduling.routes,
    cancelling.routes,
    series.routes,
    holds.routes,
    waitlist.routes,
    calendar_download.routes,
    join.routes,
    attendance_correction.routes,
    zoom_webhook.routes,
    events.routes,
    reconciliation.routes,
    tick.routes,
)
