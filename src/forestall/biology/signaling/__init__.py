"""The signaling layer: networks compiled to flat arrays, their steady state, and slow expression."""
