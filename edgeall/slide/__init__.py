"""From the calls of a slide to its reading: differential, blast fraction, flags."""
