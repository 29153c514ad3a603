/** All time zones, by the part of the world, each with how far its clocks are from UTC now. */

export interface Zone {
  id: string;
  /** As `Los Angeles (UTC−8)`. */
  words: string;
}

/** Grouped as their names are: `America`, `Europe`…; `chosen` is among them even where this browser does not list it. */
export function timeZones(chosen: string, now = new Date()): Map<string, Zone[]> {
  const ids = new Set([...Intl.supportedValuesOf("timeZone"), "UTC", chosen]);
  const groups = new Map<string, Zone[]>();
  for (const id of [...ids].sort()) {
    const [part = "", ...rest] = id.split("/");
    const group = rest.length ? part : "UTC";
    const place = (rest.length ? rest.join(", ") : part).replaceAll("_", " ");
    const zones = groups.get(group) ?? [];
    zones.push({ id, words: `${place} (${offsetOf(id, now)})` });
    groups.set(group, zones);
  }
  return groups;
}

function offsetOf(timeZone: string, now: Date): string {
  const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "shortOffset" }).formatToParts(now);
  const offset = parts.find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  return offset.replace("GMT", "UTC").replace("-", "−");
}
