/** Whether this can be an email address; the mail that is sent there proves the rest. */
export function isAddress(written = ""): boolean {
  return /^[^@\s,;:<>()[\]\\"]+@[^@\s,;:<>()[\]\\"]+\.[^@\s,;:<>()[\]\\"]+$/.test(written.trim());
}
