"""The mails about appointments in English."""

from typing import Final

from .mail_words import Cause, Letter, Text, Words

ENGLISH: Final = Words(
    language="en",
    greeting="Hello {name},",
    hours="{start} – {end}",
    letters={
        Letter.CONFIRMED: Text(
            "Appointment Confirmed",
            "your appointment is booked. We look forward to seeing you.",
            "Open the appointment",
            "You can join on this page from 10 minutes before. If you need another time, you can change it there, too.",
        ),
        Letter.NEW: Text(
            "New Appointment",
            "somebody booked an appointment with you.",
            "Open the appointment",
            "You can start it on this page from 10 minutes before.",
        ),
        Letter.RESCHEDULED: Text(
            "Appointment Rescheduled",
            "your appointment has a new time. It takes the place of the earlier one.",
            "Open the appointment",
            "You can join on this page from 10 minutes before.",
        ),
        Letter.CANCELLED: Text(
            "Appointment Cancelled",
            "this appointment will not take place.",
            "See the appointment",
        ),
        Letter.REMINDER: Text(
            "Appointment Reminder",
            "this is a reminder of your appointment.",
            "Open the appointment",
            "You can join on this page from 10 minutes before.",
        ),
        Letter.SERIES_CONFIRMED: Text(
            "Appointments Confirmed",
            "your appointments are booked. These are their times:",
            "Open the first appointment",
            "Each of them can be changed on a page of its own.",
        ),
        Letter.SERIES_NEW: Text(
            "New Appointments",
            "somebody booked several appointments with you. These are their times:",
            "Open the first appointment",
        ),
        Letter.OFFERED: Text(
            "A Time Is Free for You",
            "a time that you were waiting for has become free, and we are keeping it for you.",
            "See the time",
            "If it does not suit you, you need not do anything; it then goes to whoever is next.",
        ),
        Letter.WITHOUT_VIDEO: Text(
            "Video Is Not Set Up",
            "this appointment stands, but there is no video room for it yet, because no Zoom account of yours is "
            "connected. Once you connect one, you can hold it by video.",
            "Connect Zoom",
        ),
    },
    causes={
        Cause.OWN_WISH: "You called it off. There is nothing more that you need to do.",
        Cause.REQUESTED: "It was called off as requested.",
        Cause.CAME_UP: "Something came up that could not be put off. We are sorry for the change of plans.",
        Cause.TECHNICAL: "A technical problem could not be solved in time. We are sorry about that.",
        Cause.CONNECTION_ENDED: "Your connection with each other on Bloom Health ended, and this appointment with it.",
        Cause.OWN_ACCOUNT: "You asked us to close your account, so appointments that were ahead are called off.",
        Cause.OTHER_ACCOUNT: "The other person is leaving Bloom Health. We are sorry for the change of plans.",
    },
    another_time="You are welcome to choose another time whenever it suits you.",
    offered_until="It is yours alone until {until}.",
    reminder_settings="You can choose which reminders you get:",
    no_replies="Nobody reads replies to this address.",
    calendar_title="Appointment",
    calendar_join="Join here:",
)
