"""The health of the device: checks with a remedy each, and the archive for support."""
