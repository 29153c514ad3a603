"""The HTTP side of a function: the only folder that imports Flask."""
