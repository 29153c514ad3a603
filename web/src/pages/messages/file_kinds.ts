/** Which files can be sent, told before anything is: the server takes the same ones, and looks for itself. */

export const LARGEST_BYTES = 25 * 1024 * 1024;
export const FILES_PER_MESSAGE = 10;

const TYPES: Record<string, string> = {
  "image/jpeg": "image/jpeg",
  "image/jpg": "image/jpeg",
  "image/png": "image/png",
  "image/gif": "image/gif",
  "image/webp": "image/webp",
  "image/heic": "image/heic",
  "image/heif": "image/heic",
  "application/pdf": "application/pdf",
  "text/plain": "text/plain",
  "audio/mpeg": "audio/mpeg",
  "audio/mp3": "audio/mpeg",
  "audio/mp4": "audio/mp4",
  "audio/m4a": "audio/mp4",
  "audio/x-m4a": "audio/mp4",
  "audio/ogg": "audio/ogg",
  "audio/opus": "audio/ogg",
  "audio/wav": "audio/wav",
  "audio/x-wav": "audio/wav",
  "audio/wave": "audio/wav",
  "audio/webm": "audio/webm",
};

const ENDINGS: Record<string, string> = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  gif: "image/gif",
  webp: "image/webp",
  heic: "image/heic",
  heif: "image/heic",
  pdf: "application/pdf",
  txt: "text/plain",
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  ogg: "audio/ogg",
  opus: "audio/ogg",
  wav: "audio/wav",
  webm: "audio/webm",
};

/** What a file picker offers. */
export const ACCEPTED = [...new Set(Object.values(TYPES))].join(",");

/** What every browser shows and none runs. */
const SHOWN_PICTURES = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

export function isShownPicture(contentType: string): boolean {
  return SHOWN_PICTURES.has(contentType);
}

/** The type to announce a file by, or null where its kind is not taken. Browsers leave the type of some files empty. */
export function typeOf({ type, name }: Pick<File, "type" | "name">): string | null {
  const declared = type.split(";")[0]?.trim().toLowerCase() ?? "";
  if (declared) return TYPES[declared] ?? null;
  return ENDINGS[name.split(".").pop()?.toLowerCase() ?? ""] ?? null;
}

export type Fault = "tooLarge" | "empty" | "kind";

/** What speaks against a file before it is read. */
export function faultOf(file: Pick<File, "type" | "name" | "size">): Fault | null {
  if (file.size === 0) return "empty";
  if (file.size > LARGEST_BYTES) return "tooLarge";
  return typeOf(file) ? null : "kind";
}

/** A size as people say it: "1.4 MB". */
export function sizeInWords(bytes: number, language: string): string {
  const [value, unit] =
    bytes >= 1024 * 1024
      ? [bytes / (1024 * 1024), "megabyte"]
      : bytes >= 1024
        ? [bytes / 1024, "kilobyte"]
        : [bytes, "byte"];
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    // English shortens it to "2 byte".
    unitDisplay: unit === "byte" ? "long" : "short",
    maximumFractionDigits: value < 10 && unit === "megabyte" ? 1 : 0,
  }).format(value);
}
