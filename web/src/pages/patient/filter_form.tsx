/** What the directory is narrowed by. */
import { SlidersHorizontal } from "lucide-react";
import { type FormEvent, useId } from "react";
import { useTranslation } from "react-i18next";
import type { Shape } from "@/api/client";
import { dayOf } from "@/i18n/times";
import { Button } from "@/ui/button";
import { Field, Select } from "@/ui/field";
import { useWide } from "@/ui/wide";
import type { Filters } from "./directory_filters";

/** Languages that are offered to choose from before any therapist is known to speak another. */
const COMMON = ["ar", "de", "en", "es", "fr", "hi", "it", "ko", "pt", "ru", "tl", "vi", "zh"];

interface Props {
  filters: Filters;
  /** Whom the directory shows: what they name is suggested. */
  shown: readonly Shape<"AvailableTherapist">[];
  onChange: (filters: Filters) => void;
}

export function FilterForm({ filters, shown, onChange }: Props) {
  const { t, i18n } = useTranslation("patient");
  const suggestions = useId();
  const wide = useWide();
  const today = dayOf(new Date());
  const specialties = [...new Set(shown.flatMap((therapist) => therapist.specialties))].sort();
  const languages = named([...COMMON, ...shown.flatMap((each) => each.languages)], i18n.language);
  const search = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = [...new FormData(event.currentTarget)].filter(([, value]) => String(value).trim());
    onChange(Object.fromEntries(given) as Filters);
  };
  return (
    <details
      open={wide || Object.keys(filters).length > 0}
      className="rounded-card border border-line bg-surface p-4 shadow-card sm:p-5"
    >
      <summary className="flex min-h-11 items-center gap-2 font-semibold lg:hidden">
        <SlidersHorizontal className="size-5" aria-hidden />
        {t("therapists.narrow")}
      </summary>
      <form
        key={JSON.stringify(filters)}
        onSubmit={search}
        className="grid items-end gap-4 max-lg:pt-3 sm:grid-cols-2 lg:grid-cols-[2fr_1.4fr_1fr_1fr_auto]"
      >
        <Field
          label={t("therapists.specialty")}
          name="specialty"
          maxLength={100}
          list={suggestions}
          defaultValue={filters.specialty}
          placeholder={t("therapists.specialtyExample")}
        />
        <datalist id={suggestions}>
          {specialties.map((specialty) => (
            <option key={specialty} value={specialty} />
          ))}
        </datalist>
        <Select label={t("therapists.language")} name="language" defaultValue={filters.language ?? ""}>
          <option value="">{t("therapists.anyLanguage")}</option>
          {languages.map(([tag, name]) => (
            <option key={tag} value={tag}>
              {name}
            </option>
          ))}
        </Select>
        <Field label={t("therapists.from")} name="from" type="date" min={today} defaultValue={filters.from} />
        <Field label={t("therapists.to")} name="to" type="date" min={today} defaultValue={filters.to} />
        <Button type="submit" look="plain">
          {t("therapists.search")}
        </Button>
      </form>
    </details>
  );
}

/** Languages with their names, once each, as `en` for `en-GB` too. */
function named(tags: readonly string[], language: string): [string, string][] {
  const names = new Intl.DisplayNames(language, { type: "language" });
  const known = new Set(tags.map((tag) => tag.split("-")[0] as string));
  return [...known]
    .map((tag): [string, string] => [tag, names.of(tag) ?? tag])
    .sort(([, one], [, other]) => one.localeCompare(other, language));
}
