"""Forestall: statistics."""
