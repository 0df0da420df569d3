"""Labelled smear images as networks take them, split by subject."""
