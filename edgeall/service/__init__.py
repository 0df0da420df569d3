"""The stages composed: frames in, stored readings out."""
