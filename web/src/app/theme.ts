/** Light or dark: as this device, unless chosen. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORED = "bloom.theme";
const darkDevice = matchMedia("(prefers-color-scheme: dark)");

export function chosenTheme(): Theme {
  const stored = localStorage.getItem(STORED) as Theme | null;
  return stored && THEMES.includes(stored) ? stored : "system";
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(STORED, theme);
  showTheme();
}

/** Show the page as chosen, and follow the device where it changes. */
export function startTheme(): void {
  showTheme();
  darkDevice.addEventListener("change", showTheme);
}

/** Show the page as chosen. */
export function showTheme(): void {
  const theme = chosenTheme();
  const dark = theme === "dark" || (theme === "system" && darkDevice.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
