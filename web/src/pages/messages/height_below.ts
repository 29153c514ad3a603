/** How much of the window there is from an element's top down, so that a conversation scrolls in itself alone. */
import { type RefObject, useLayoutEffect, useState } from "react";

export function useHeightBelow(element: RefObject<HTMLElement | null>): number | undefined {
  const [height, setHeight] = useState<number>();
  useLayoutEffect(() => {
    const measure = () => {
      const top = element.current ? element.current.getBoundingClientRect().top + scrollY : 0;
      const menu = document.querySelector("nav.fixed")?.getBoundingClientRect().height ?? 0;
      const seen = visualViewport?.height ?? innerHeight;
      // With a keyboard on the screen the menu below is behind it.
      const isTyping = seen < innerHeight * 0.8;
      setHeight(Math.max(320, seen - top - (isTyping ? 0 : menu)));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    if (element.current?.parentElement) observer.observe(element.current.parentElement);
    visualViewport?.addEventListener("resize", measure);
    addEventListener("resize", measure);
    return () => {
      observer.disconnect();
      visualViewport?.removeEventListener("resize", measure);
      removeEventListener("resize", measure);
    };
  }, [element]);
  return height;
}
