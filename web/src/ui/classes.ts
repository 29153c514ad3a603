/** Join class names; a later one wins over an earlier of the same kind. */
import { type ClassValue, clsx } from "clsx";
import { twMerge } from "tailwind-merge";

export function classes(...names: ClassValue[]): string {
  return twMerge(clsx(names));
}
