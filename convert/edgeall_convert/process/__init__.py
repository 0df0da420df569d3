"""The process apart: TensorFlow runs in one of its own, and gives its memory back by ending."""
