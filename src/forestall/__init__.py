"""Forestall: .."""
