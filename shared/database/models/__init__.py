"""The tables by subject; a slice imports only the modules whose rows it touches."""
