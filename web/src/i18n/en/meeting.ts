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
} as const;
