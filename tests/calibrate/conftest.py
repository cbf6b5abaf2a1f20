"""Evidence tables are written as they are for validation."""

from ..validate.conftest import tables

__all__ = ["tables"]
