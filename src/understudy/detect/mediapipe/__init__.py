"""MediaPipe's face detector."""
