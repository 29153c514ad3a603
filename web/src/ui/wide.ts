import { useSyncExternalStore } from "react";

const wide = matchMedia("(min-width: 64rem)");

function subscribe(changed: () => void) {
  wide.addEventListener("change", changed);
  return () => wide.removeEventListener("change", changed);
}

/** Whether there is room for columns side by side, as `lg:` has it. */
export function useWide(): boolean {
  return useSyncExternalStore(subscribe, () => wide.matches);
}
