"""dlib's two face detectors."""
