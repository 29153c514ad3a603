"""The appointments function: when a therapist is free, and who meets whom."""

from shared.http.app import function

from . import (
    appointments,
    availability,
    booking,
    cancelling,
    care_end,
    care_relationships,
    rescheduling,
    therapist_slots,
    therapists,
)

handle = function(
    "appointments",
    therapists.routes,
    therapist_slots.routes,
    availability.routes,
    care_relationships.routes,
    care_end.routes,
    appointments.routes,
    booking.routes,
    rescheduling.routes,
    cancelling.routes,
)
