"""Boolean networks as numbers: tables, gates, rates, and the kernels that run them."""
