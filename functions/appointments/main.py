"""The appointments function: when a therapist is free, and who meets whom."""

from shared.http.app import function

from . import (
    appointments,
    availability,
    booking,
    cancelling,
    care_relationships,
    events,
    rescheduling,
    therapist_slots,
    therapists,
    tick,
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
    events.routes,
    tick.routes,
)
