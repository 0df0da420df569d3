"""The bundle: a network with its manifest, run by whichever TFLite runtime is there."""
