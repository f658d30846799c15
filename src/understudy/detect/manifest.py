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

_WIDER = "trained on WIDER FACE, whose pictures are for research"

RETINAFACE = Weights(
    name="retinaface_mobilenet0.25_Final.pth",
    sha256="2979b33ffafda5d74b6948cd7a5b9a7a62f62b949cef24e95fd15d2883a65220",
    size=1789735,
    license="MIT",
    commercial_use=False,
    origin=f"biubug6, Pytorch_Retinaface; {_WIDER}",
    url="https://github.com/xinntao/facexlib/releases/download/v0.1.0/"
    "detection_mobilenet0.25_Final.pth",
)

S3FD = Weights(
    name="s3fd-619a316812.pth",
    sha256="619a31681264d3f7f7fc7a16a42cbbe8b23f31a256f75a366e5a1bcd59b33543",
    size=89843225,
    license="no licence stated for the weights",
    commercial_use=False,
    origin=f"Adrian Bulat, face-alignment; {_WIDER}",
    url="https://www.adrianbulat.com/downloads/python-fan/s3fd-619a316812.pth",
    sha256_start="619a316812",
)

YUNET = Weights(
    name="face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    size=232589,
    license="MIT",
    commercial_use=True,
    origin="Shiqi Yu, published by OpenCV's model zoo; trained on WIDER FACE, whose pictures are "
    "for research, but its publishers put no such limit on the weights",
    url="https://github.com/opencv/opencv_zoo/raw/47534e27c9851bb1128ccc0102f1145e27f23f98/"
    "models/face_detection_yunet/face_detection_yunet_2023mar.onnx",
)

MMOD = Weights(
    name="mmod_human_face_detector.dat",
    sha256="4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
    size=729940,
    license="CC0-1.0",
    commercial_use=True,
    origin="Davis King, dlib; trained on his own boxes in pictures of ImageNet, AFLW, Pascal VOC, "
    "VGG, WIDER FACE and FaceScrub",
    package="face_recognition_models",
    path="models/mmod_human_face_detector.dat",
    url="https://raw.githubusercontent.com/ageitgey/face_recognition_models/"
    "0bed772e06f5beeb893679d2862073952ebf6e3f/face_recognition_models/models/"
    "mmod_human_face_detector.dat",
)

PLUGINS = (
    Plugin(
        kind="detect",
        name="dlib-cnn",
        target="understudy.detect.dlib.cnn:DlibCnnDetector",
        summary="dlib's network in PyTorch: few false faces, slow on a CPU.",
        options="understudy.detect.options:DlibOptions",
        weights=(MMOD,),
    ),
    Plugin(
        kind="detect",
        name="yunet",
        target="understudy.detect.yunet:YunetDetector",
        summary="YuNet through OpenCV: 10 ms a frame, finds small faces.",
        options="understudy.detect.options:SsdOptions",
        weights=(YUNET,),
    ),
    Plugin(
        kind="detect",
        name="dlib-hog",
        target="understudy.detect.dlib.hog:DlibHogDetector",
        summary="dlib's gradients: no weights to fetch; upright faces from the front only.",
        extra="legacy",
        requires=("dlib",),
        options="understudy.detect.options:DlibOptions",
    ),
    Plugin(
        kind="detect",
        name="retinaface",
        target="understudy.detect.retinaface:RetinafaceDetector",
        summary="RetinaFace on a small MobileNet: quick and sure; weights for research.",
        options="understudy.detect.options:SsdOptions",
        weights=(RETINAFACE,),
    ),
    Plugin(
        kind="detect",
        name="s3fd",
        target="understudy.detect.s3fd:S3fdDetector",
        summary="S3FD: the classical choice, for a GPU; seconds a frame on a CPU; for research.",
        options="understudy.detect.options:SsdOptions",
        weights=(S3FD,),
    ),
    Plugin(
        kind="detect",
        name="mediapipe",
        target="understudy.detect.mediapipe.detector:MediapipeDetector",
        summary="MediaPipe's full-range detector: 2 ms a look, few false faces, licence-clean.",
        options="understudy.detect.options:MediapipeOptions",
        weights=(MEDIAPIPE_FULL_RANGE,),
    ),
    Plugin(
        kind="detect",
        name="mtcnn",
        target="understudy.detect.mtcnn.detector:MtcnnDetector",
        summary="Three small networks in a row: sure and quick enough on a CPU, upright faces.",
        options="understudy.detect.options:MtcnnOptions",
        weights=(PNET, RNET, ONET),
        extra="legacy",
        requires=("mtcnn", "joblib", "lz4"),
    ),
    Plugin(
        kind="detect",
        name="file",
        target="understudy.detect.from_file:FileDetector",
        summary="Boxes from a JSON file, by another tool or by hand.",
        options="understudy.detect.options:FileOptions",
    ),
)
