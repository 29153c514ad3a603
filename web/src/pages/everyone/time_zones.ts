/** All time zones that this browser knows, by the part of the world. */

export interface Zone {
  id: string;
  /** As `Los Angeles`. */
  words: string;
}

/** Grouped as their names are: `America`, `Europe`…; `chosen` is among them even where this browser does not list it. */
export function timeZones(chosen: string): Map<string, Zone[]> {
  const ids = new Set([...Intl.supportedValuesOf("timeZone"), "UTC", chosen]);
  const groups = new Map<string, Zone[]>();
  for (const id of [...ids].sort()) {
    const [part = "", ...rest] = id.split("/");
    const group = rest.length ? part : "UTC";
    const zones = groups.get(group) ?? [];
    zones.push({ id, words: (rest.length ? rest.join(", ") : part).replaceAll("_", " ") });
    groups.set(group, zones);
  }
  return groups;
}
