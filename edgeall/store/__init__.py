"""Where findings are kept: one SQLite file and a folder of images."""
