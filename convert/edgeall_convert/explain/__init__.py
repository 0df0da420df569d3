"""Where a float network looked."""
