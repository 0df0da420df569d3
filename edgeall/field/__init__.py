"""Is this frame worth reading: focus, exposure, colour drift."""
