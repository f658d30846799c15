"""The landmark predictors that come with Understudy."""

from __future__ import annotations

from understudy.nn.mesh_weights import FACE_MESH, IRIS
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

PLUGINS = (
    Plugin(
        kind="align",
        name="dlib68",
        target="understudy.align.dlib68:Dlib68Aligner",
        summary="dlib's regression trees: 68 points in 4 ms; weights for non-commercial use only.",
        weights=(SHAPE_68,),
    ),
    Plugin(
        kind="align",
        name="mediapipe",
        target="understudy.align.mediapipe:MediapipeAligner",
        summary="MediaPipe's 468-point mesh mapped to 68 points: fast, steady, free to use.",
        options="understudy.align.options:MediapipeOptions",
        weights=(FACE_MESH, IRIS),
    ),
)
