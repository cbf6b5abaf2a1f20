"""Forestall: engine."""
