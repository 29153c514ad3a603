/** Words of the page that holds a meeting; it stands alone. */
export default {
  title: "Video room",
  opening: "Your video room is opening…",
  slow: "The video room does not open in this page right now. Zoom's own page will do just as well.",
  link: "Open it in Zoom",
  back: "Back to the appointment",
  ended: "The meeting is over. Take care of yourself.",
  nothing: "This page opens from your appointment.",
  home: "To the appointments",
  help: {
    open: "Help now",
    title: "You deserve support right now",
    lead: "If you might be in danger, or just need somebody to talk to, people at these lines are there to listen.",
    call: "Call {{number}}",
    text: "Text {{number}}",
    visit: "Open the website",
    emergency: "In immediate danger, call {{number}}.",
    close: "Close",
  },
} as const;
