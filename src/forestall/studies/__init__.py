"""Forestall: studies."""
