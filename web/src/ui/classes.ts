/**
 * Join class names. Two of the same kind do not go together: the style sheet's order would say which of them wins, not
 * theirs. What a component lets others change stands in the layer `components` of `styles.css`, which any other wins over.
 */
export { clsx as classes } from "clsx";
