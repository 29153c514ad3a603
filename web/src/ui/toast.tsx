/** Short news at the edge of the page, read out by screen readers; gone by itself, though not from under a pointer. */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";

const SHOWN_MS = 6_000;
const MOST = 3;

interface News {
  id: number;
  words: string;
}

const Context = createContext<(words: string) => void>(() => undefined);

export function ToastProvider({ children, label }: { children: ReactNode; label: string }) {
  const [shown, setShown] = useState<News[]>([]);
  const [held, setHeld] = useState(false);
  const tell = useCallback((words: string) => {
    setShown((before) => [...before.slice(1 - MOST), { id: performance.now(), words }]);
  }, []);
  const remove = useCallback((id: number) => {
    setShown((before) => before.filter((news) => news.id !== id));
  }, []);
  return (
    <>
      <Context value={tell}>{children}</Context>
      <div
        role="status"
        aria-label={label}
        onPointerEnter={() => setHeld(true)}
        onPointerLeave={() => setHeld(false)}
        className="fixed inset-x-4 bottom-20 z-50 mx-auto grid max-w-md gap-2 sm:bottom-6"
      >
        {shown.map((news) => (
          <Shown key={news.id} news={news} held={held} onOver={remove} />
        ))}
      </div>
    </>
  );
}

function Shown({ news, held, onOver }: { news: News; held: boolean; onOver: (id: number) => void }) {
  const { id, words } = news;
  useEffect(() => {
    if (held) return;
    const over = setTimeout(() => onOver(id), SHOWN_MS);
    return () => clearTimeout(over);
  }, [held, id, onOver]);
  return <p className="rounded-control bg-ink px-4 py-3 text-ground shadow-card">{words}</p>;
}

/** `tell("Saved")` */
export function useToast(): (words: string) => void {
  return useContext(Context);
}
