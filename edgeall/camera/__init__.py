"""Where frames come from: picamera2, V4L2, and replay of images, folders and videos."""
