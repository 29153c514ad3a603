import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";

interface Props {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
}

/** The browser's own dialog: focus stays in it and comes back, Escape closes it, what is behind is out of reach. */
export function Dialog({ title, onClose, children }: Props) {
  const { t } = useTranslation("common");
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className="m-auto w-[min(34rem,calc(100vw-2rem))] rounded-card border border-line bg-surface p-5 text-ink shadow-card sm:p-6"
    >
      <div className="mb-4 flex items-start justify-between gap-4">
        <h2 id={id}>{title}</h2>
        <Button look="quiet" size="icon" className="-mt-2 -mr-2" aria-label={t("close")} onClick={onClose}>
          <X aria-hidden />
        </Button>
      </div>
      {children}
    </dialog>
  );
}
