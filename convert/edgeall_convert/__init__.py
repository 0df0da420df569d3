"""The workstation half of edgeall: the only place where TensorFlow is imported."""
