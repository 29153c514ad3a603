/** Find one person by name or address; the words go in a body, never in an address. */
import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Message, problemWords } from "@/ui/states";

/** Somebody of the role that was looked for. */
export interface FoundPatient {
  id: string;
  name: string;
  email: string;
}

const SHOWN = 10;

interface Props {
  among?: "PATIENT" | "THERAPIST";
  onChoose: (found: FoundPatient) => void;
}

export function PatientSearch({ among = "PATIENT", onChoose }: Props) {
  const { t } = useTranslation(["admin", "common"]);
  const search = useMutation({
    mutationFn: (text: string) =>
      call(api.POST("/api/admin/users/search", { body: { text, role: among, limit: SHOWN } })),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get("text") ?? "").trim();
    if (text) search.mutate(text);
  };
  return (
    <div className="grid gap-3">
      <search>
        <form onSubmit={submit} className="grid gap-3 sm:grid-cols-[1fr_auto] sm:items-end">
          <Field
            label={t(among === "PATIENT" ? "breakGlass.find" : "onCall.find")}
            hint={t("breakGlass.findHint")}
            name="text"
            type="search"
            autoComplete="off"
          />
          <Button type="submit" look="plain" busy={search.isPending}>
            {t("breakGlass.search")}
          </Button>
        </form>
      </search>
      <div aria-live="polite">
        {search.error && <Message tone="problem">{problemWords(search.error)}</Message>}
        {search.data?.items.length === 0 && <p className="text-ink-soft">{t("breakGlass.nobody")}</p>}
        <ul className="grid gap-1">
          {search.data?.items.map((found) => (
            <li key={found.id}>
              <Button
                look="quiet"
                className="w-full justify-start text-left"
                aria-label={t("breakGlass.choose", { name: `${found.name}, ${found.email}` })}
                onClick={() => onChoose(found)}
              >
                <span>
                  {found.name} <span className="font-normal break-all text-ink-soft">{found.email}</span>
                </span>
              </Button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
