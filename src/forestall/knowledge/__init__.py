"""Forestall: knowledge."""
