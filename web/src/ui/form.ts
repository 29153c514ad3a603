/** A form that is sent once at a time, and whose problems stand at their fields. */
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "@/api/problem";
import { hasWords, problemWords } from "./states";

export interface Sending {
  busy: boolean;
  /** In words, where the whole of it failed; null where nothing did, or fields are at fault. */
  failure: string | null;
  /** In words, what is wrong with a field. */
  faultOf: (field: string) => string | undefined;
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
}

/** Words for fields that are at fault before anything is sent: `{email: "…"}`; empty to send. */
export type Faults = Record<string, string | undefined>;

/**
 * `send` gets what was entered, by field name; `check` may refuse it first, in words of the catalogue; `refused` are the
 * words for a field that the server refuses. The first field at fault takes the focus.
 */
export function useForm(
  send: (given: Record<string, string>, form: HTMLFormElement) => Promise<unknown>,
  check: (given: Record<string, string>) => Faults = () => ({}),
  refused: Faults = {},
): Sending {
  const { t } = useTranslation("common");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [faults, setFaults] = useState<Faults>({});
  const refuse = (form: HTMLFormElement, found: Faults) => {
    setFaults(found);
    const first = [...form.elements].find((element) => "name" in element && found[String(element.name)]);
    if (first instanceof HTMLElement) first.focus();
  };
  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    const form = event.currentTarget;
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    setFailure(null);
    const found = check(given);
    refuse(form, found);
    if (Object.values(found).some(Boolean)) return;
    setBusy(true);
    try {
      await send(given, form);
    } catch (reason) {
      const told = reason instanceof Problem ? fieldFaults(reason, form, refused, t("checkField")) : {};
      refuse(form, told);
      if (!Object.keys(told).length) setFailure(problemWords(reason));
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, faultOf: (field) => faults[field], onSubmit };
}

function fieldFaults(problem: Problem, form: HTMLFormElement, refused: Faults, otherwise: string): Faults {
  const names = [...form.elements]
    .map((element) => ("name" in element ? String(element.name) : ""))
    .filter(Boolean);
  const words = hasWords(problem.kind) ? problemWords(problem) : otherwise;
  return Object.fromEntries(
    names.filter((name) => problem.faultOf(name)).map((name) => [name, refused[name] ?? words]),
  );
}
