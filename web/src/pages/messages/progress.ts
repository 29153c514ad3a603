/** The looks of a `<progress>`, the same in every browser. */
export const PROGRESS = [
  "block h-2 w-full appearance-none overflow-hidden rounded-full border-0 bg-raised",
  "[&::-webkit-progress-bar]:bg-raised [&::-webkit-progress-value]:rounded-full [&::-webkit-progress-value]:bg-leaf",
  "[&::-moz-progress-bar]:rounded-full [&::-moz-progress-bar]:bg-leaf",
].join(" ");
