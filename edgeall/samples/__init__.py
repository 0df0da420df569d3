"""The shipped model, its card, and the sample images."""
