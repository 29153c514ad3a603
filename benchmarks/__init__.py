"""Measurements beside a peer in the same run, each printing a ratio."""
