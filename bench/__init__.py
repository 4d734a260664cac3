"""How fast, and with how much memory: ratios to the raw engine, taken in one run. `make bench`."""
