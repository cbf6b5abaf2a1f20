"""Logical (Boolean) networks that others published: reading, writing, and what the engines need of them."""
