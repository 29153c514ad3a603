import { useSyncExternalStore } from "react";

const wide = matchMedia("(min-width: 48rem)");

/** Whether the week is shown as a grid, as it is from Tailwind's `md` on. */
export function useWide(): boolean {
  return useSyncExternalStore(
    (changed) => {
      wide.addEventListener("change", changed);
      return () => wide.removeEventListener("change", changed);
    },
    () => wide.matches,
  );
}
