/** Words of the way into a video room. */
export default {
  pending: "The video room is being prepared. It usually takes a few seconds, and we keep trying for you.",
  ready: "Your room is ready. It opens in a new tab.",
  open: "Open the video room",
} as const;
