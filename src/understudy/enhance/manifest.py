"""The enhancers that come with Understudy."""

from __future__ import annotations

from understudy.plugin import Plugin, Weights

_RELEASE = "https://github.com/xinntao/Real-ESRGAN/releases/download/v0.2.5.0/"
_ORIGIN = "Xintao Wang and others, Tencent ARC Lab, Real-ESRGAN v0.2.5.0; trained on "

GENERAL = Weights(
    name="realesr-general-x4v3.pth",
    sha256="8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292",
    size=4885111,
    license="BSD-3-Clause",
    commercial_use=True,
    origin=_ORIGIN + "photographs spoilt by made-up cameras and codecs",
    url=_RELEASE + "realesr-general-x4v3.pth",
)

ANIMEVIDEO = Weights(
    name="realesrgan-animevideov3-x4.pth",
    sha256="b8a8376811077954d82ca3fcf476f1ac3da3e8a68a4f4d71363008000a18b75d",
    size=2504012,
    license="BSD-3-Clause",
    commercial_use=True,
    origin=_ORIGIN + "drawn films",
    url=_RELEASE + "realesr-animevideov3.pth",
)

PLUGINS = (
    Plugin(
        kind="enhance",
        name="realesrgan",
        target="understudy.enhance.realesrgan:RealEsrgan",
        summary="Real-ESRGAN's compact network for photographs: four times the model's size.",
        weights=(GENERAL,),
    ),
    Plugin(
        kind="enhance",
        name="realesrgan-anime",
        target="understudy.enhance.realesrgan:RealEsrganAnime",
        summary="The same for drawn films: half the time, and flatter skin.",
        weights=(ANIMEVIDEO,),
    ),
    Plugin(
        kind="enhance",
        name="onnx",
        target="understudy.enhance.onnx:OnnxRestorer",
        options="understudy.enhance.options:OnnxOptions",
        summary="A restorer of faces that you bring, such as GFPGAN, as an ONNX file.",
        extra="onnx",
        requires=("onnxruntime",),
    ),
)
