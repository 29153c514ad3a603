"""Rows: the engine, the one place that commits, sealed columns, and the models by subject."""
