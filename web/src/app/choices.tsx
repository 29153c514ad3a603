import { useState } from "react";
import { useTranslation } from "react-i18next";
import { chooseLanguage, LANGUAGES, type Language } from "@/i18n";
import { Select } from "@/ui/field";
import { chooseTheme, chosenTheme, THEMES, type Theme } from "./theme";

const OWN_NAMES: Record<Language, string> = { en: "English", es: "Español" };

export function LanguageChoice() {
  const { t, i18n } = useTranslation("common");
  return (
    <Select
      label={t("language")}
      value={i18n.language}
      onChange={(event) => void chooseLanguage(event.target.value as Language)}
    >
      {LANGUAGES.map((language) => (
        <option key={language} value={language} lang={language}>
          {OWN_NAMES[language]}
        </option>
      ))}
    </Select>
  );
}

export function ThemeChoice() {
  const { t } = useTranslation("common");
  const [theme, setTheme] = useState(chosenTheme);
  const choose = (chosen: Theme) => {
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return (
    <Select label={t("theme")} value={theme} onChange={(event) => choose(event.target.value as Theme)}>
      {THEMES.map((each) => (
        <option key={each} value={each}>
          {t(`themes.${each}`)}
        </option>
      ))}
    </Select>
  );
}
