"""The detectors that come with Understudy."""

from __future__ import annotations

from understudy.plugin import MEDIAPIPE_WHEEL, Plugin, Weights


def _mtcnn(net: str, size: int, sha256: str) -> Weights:
    return Weights(
        name=f"mtcnn {net}",
        sha256=sha256,
        size=size,
        license="MIT",
        commercial_use=True,
        origin="Zhang et al. 2016, trained on WIDER FACE and CelebA; in the mtcnn package 1.0.0",
        package="mtcnn",
        path=f"assets/weights/{net}.lz4",
    )


PNET = _mtcnn("pnet", 27119, "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5")
RNET = _mtcnn("rnet", 401659, "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee")
ONET = _mtcnn("onet", 1557637, "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3")

MEDIAPIPE_FULL_RANGE = Weights(
    name="face_detection_full_range_sparse.tflite",
    sha256="2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    size=676746,
    license="Apache-2.0",
    commercial_use=True,
    origin="Google, MediaPipe; the training pictures are not published",
    url="https://storage.googleapis.com/mediapipe-assets/"
    "face_detection_full_range_sparse.tflite?generation=1674261618323821",
    path="mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
    wheel=MEDIAPIPE_WHEEL,
)

PLUGINS = (
    Plugin(
        kind="detect",
        name="mediapipe",
        target="understudy.detect.mediapipe:MediapipeDetector",
        summary="MediaPipe's full-range detector: 2 ms a look, few false faces, licence-clean.",
        options="understudy.detect.mediapipe:MediapipeOptions",
        weights=(MEDIAPIPE_FULL_RANGE,),
    ),
    Plugin(
        kind="detect",
        name="mtcnn",
        target="understudy.detect.mtcnn:MtcnnDetector",
        summary="Three small networks in a row: sure and quick enough on a CPU, upright faces.",
        options="understudy.detect.mtcnn:MtcnnOptions",
        weights=(PNET, RNET, ONET),
    ),
)
