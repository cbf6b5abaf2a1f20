"""Combinations that anticipate resistance: which cure, which only delay, and what remains, from the branching engine."""
