/** What is still said to somebody whose session ended with what they asked for: it stays while the page leads away. */
import type { ReactNode } from "react";
import { Remembered } from "./remembered";

export const lastWord = new Remembered<ReactNode>(null);
