"""Forestall: report."""
