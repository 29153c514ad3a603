import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";

interface Props {
  title: ReactNode;
  onClose: () => void;
  /** Stands beside the way out. */
  beside?: ReactNode;
  children: ReactNode;
}

/** The browser's own dialog: focus stays in it and comes back, Escape closes it, what is behind is out of reach. */
export function Modal({ title, onClose, beside, children }: Props) {
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
        // One that was opened from within this one closes alone.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
      className="m-auto w-[min(34rem,calc(100vw-2rem))] rounded-card border border-line bg-surface p-5 text-ink shadow-card sm:p-6"
    >
      <div className="mb-4 flex flex-wrap-reverse items-end justify-between gap-x-4 gap-y-3">
        <h2 id={id} className="min-w-0 flex-[1_1_12rem]">
          {title}
        </h2>
        <div className="-mt-2 -mr-2 ml-auto flex items-center gap-2">
          <Button look="quiet" size="icon" className="order-last" aria-label={t("close")} onClick={onClose}>
            <X aria-hidden />
          </Button>
          {beside}
        </div>
      </div>
      {children}
    </dialog>
  );
}
