/** Short news at the edge of the page, read out by screen readers; gone by itself. */

import { Toast } from "radix-ui";
import { createContext, type ReactNode, useCallback, useContext, useState } from "react";

const Context = createContext<(words: string) => void>(() => undefined);

export function ToastProvider({ children, label }: { children: ReactNode; label: string }) {
  const [shown, setShown] = useState<{ id: number; words: string }[]>([]);
  const tell = useCallback((words: string) => {
    setShown((before) => [...before.slice(-2), { id: performance.now(), words }]);
  }, []);
  return (
    <Toast.Provider label={label} swipeDirection="down">
      <Context value={tell}>{children}</Context>
      {shown.map(({ id, words }) => (
        <Toast.Root
          key={id}
          onOpenChange={(open) => !open && setShown((before) => before.filter((toast) => toast.id !== id))}
          className="rounded-control bg-ink px-4 py-3 text-ground shadow-card"
        >
          <Toast.Description>{words}</Toast.Description>
        </Toast.Root>
      ))}
      <Toast.Viewport className="fixed inset-x-4 bottom-20 z-50 mx-auto grid max-w-md gap-2 sm:bottom-6" />
    </Toast.Provider>
  );
}

/** `tell("Saved")` */
export function useToast(): (words: string) => void {
  return useContext(Context);
}
