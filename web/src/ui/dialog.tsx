import type { ComponentProps } from "react";
import { CrisisHelpButton } from "@/crisis/crisis_help";
import { Modal } from "./modal";

/** A dialog of any page: what is behind it is out of reach, so that help at once is within it too. */
export function Dialog(props: Omit<ComponentProps<typeof Modal>, "beside">) {
  return <Modal beside={<CrisisHelpButton />} {...props} />;
}
