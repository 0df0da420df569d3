"""Recipes: augmentation, fitting, and the sidecar that tells the converter the facts."""
