"""Forestall: interop."""
