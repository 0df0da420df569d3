"""How good a bundle's calls are on labelled images: metrics, intervals, calibration."""
