"""The branching engine against theory, against published tables and against other programs, with numeric verdicts."""
