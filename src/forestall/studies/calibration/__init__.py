"""Calibration: from published outcomes to an ensemble of parameter sets."""
