"""MediaPipe's face mesh and iris nets, their points and their weights."""
