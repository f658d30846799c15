"""Records of the face mesh's weights, for the manifests of all kinds that use it."""

from __future__ import annotations

from understudy.plugin import MEDIAPIPE_WHEEL, Weights

FACE_MESH = Weights(
    name="face_landmark.tflite",
    sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    size=1242398,
    license="Apache-2.0",
    commercial_use=True,
    origin="Google, MediaPipe Face Mesh; trained on Google's own annotated pictures",
    path="mediapipe/modules/face_landmark/face_landmark.tflite",
    wheel=MEDIAPIPE_WHEEL,
)
"""468 points from a crop of 192 pixels."""

IRIS = Weights(
    name="iris_landmark.tflite",
    sha256="d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
    size=2640568,
    license="Apache-2.0",
    commercial_use=True,
    origin="Google, MediaPipe Iris; trained on Google's own annotated pictures",
    path="mediapipe/modules/iris_landmark/iris_landmark.tflite",
    wheel=MEDIAPIPE_WHEEL,
)
"""Lids and iris from a crop of 64 pixels around an eye."""
