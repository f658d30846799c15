"""dlib's identity network."""
