"""The conversion's report: tables and plots on one self-contained page."""
