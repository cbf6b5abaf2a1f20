"""Forestall: biology."""
