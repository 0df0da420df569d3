"""From a trained network to a sealed int8 bundle."""
