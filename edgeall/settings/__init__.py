"""The settings of a device: one TOML file, every key with a default and a sentence."""
