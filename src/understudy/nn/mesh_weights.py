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
