"""Forestall: clinic."""
