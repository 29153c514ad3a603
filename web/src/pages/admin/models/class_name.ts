/** What a model's class is called, where this release knows it. */
import { useTranslation } from "react-i18next";

/** The words of a class; one of a later release keeps the name that its report gives it. */
export function useClassName(): (label: string) => string {
  const { t, i18n } = useTranslation("admin");
  return (label) => {
    const key = `models.classes.${label}`;
    return i18n.exists(key, { ns: "admin" }) ? t(key as "models.classes.Normal") : label;
  };
}
