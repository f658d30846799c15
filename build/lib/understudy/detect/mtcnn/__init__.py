"""MTCNN: the face detector of three nets."""
