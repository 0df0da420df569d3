"""What leaves the device: tables and annotated pictures."""
