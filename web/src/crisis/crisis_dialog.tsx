/** The lines of the person's country, or of another that they choose. It needs no server. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Select } from "@/ui/field";
import { CrisisLines } from "./crisis_resources";
import { KNOWN_COUNTRIES, likelyCountry, linesOf } from "./lines";
import { useOwnCountry } from "./own_lines";

const ANYWHERE = "anywhere";

export default function CrisisDialog() {
  const { t, i18n } = useTranslation("common");
  const own = useOwnCountry();
  const [chosen, setChosen] = useState<string | null>(null);
  const country = chosen ?? likelyCountry(own, navigator.languages) ?? ANYWHERE;
  return (
    <div className="grid gap-4">
      <p>{t("crisis.lead")}</p>
      <CrisisLines resources={linesOf(country)} />
      <Select
        label={t("crisis.elsewhere")}
        value={country}
        onChange={(event) => setChosen(event.target.value)}
      >
        {named(KNOWN_COUNTRIES, i18n.language).map(([code, name]) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
        <option value={ANYWHERE}>{t("crisis.anywhere")}</option>
      </Select>
      <p className="text-sm text-ink-soft">{t("crisis.notWatched")}</p>
    </div>
  );
}

/** Countries with their names in a language, in its order. */
function named(codes: readonly string[], language: string): [string, string][] {
  const names = new Intl.DisplayNames(language, { type: "region" });
  return codes
    .map((code): [string, string] => [code, names.of(code) ?? code])
    .sort(([, one], [, other]) => one.localeCompare(other, language));
}
