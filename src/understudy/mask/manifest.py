"""The maskers that come with Understudy."""

from __future__ import annotations

from understudy.backends.mesh.weights import FACE_MESH
from understudy.plugin import MEDIAPIPE_WHEEL, Plugin, Weights


def _mediapipe(folder: str, name: str, size: int, sha256: str) -> Weights:
    return Weights(
        name=name,
        sha256=sha256,
        size=size,
        license="Apache-2.0",
        commercial_use=True,
        origin="Google, MediaPipe Hands; trained on Google's own annotated pictures",
        path=f"mediapipe/modules/{folder}/{name}",
        wheel=MEDIAPIPE_WHEEL,
    )


PALM_DETECTION = _mediapipe(
    "palm_detection",
    "palm_detection_full.tflite",
    2339846,
    "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
)
HAND_LANDMARK = _mediapipe(
    "hand_landmark",
    "hand_landmark_lite.tflite",
    2071597,
    "048edd3645c9bf7397d19a9f6e3a42957d6e414c9bea6598030a2e9b624156e6",
)
BISENET = Weights(
    name="79999_iter.pth",
    sha256="468e13ca13a9b43cc0881a9f99083a430e9c0a38abd935431d1c28ee94b26567",
    size=53289463,
    license="MIT; trained on CelebAMask-HQ, which is for non-commercial research",
    commercial_use=False,
    origin="zllrunning, face-parsing.PyTorch; the same file is parsing_bisenet.pth of facexlib",
    url="https://github.com/xinntao/facexlib/releases/download/v0.2.0/parsing_bisenet.pth",
)
BISENET_V2 = Weights(
    name="faceparse_bisenetv2_celebamaskhq_448_int8.tflite",
    sha256="d0c1fc479bbd40084283043abf01d11a5c3a54b2ecc4bc812cde6f36989ad22a",
    size=2804272,
    license="MIT; trained on CelebAMask-HQ, which is for non-commercial research",
    commercial_use=False,
    origin="terryky, tflite_gles_app; BiSeNet V2 trained on CelebAMask-HQ, eight bits",
    url="https://raw.githubusercontent.com/terryky/tflite_gles_app/"
    "bfc2015a6d1234deebc9574798b175a6d1b2afc2/gl2face_segmentation/model/"
    "bisenetv2_celebamaskhq_448x448_integer_quant.tflite",
)

_GRID = "understudy.mask.options:MaskOptions"
_PARSING = "understudy.mask.options:ParsingOptions"

PLUGINS = (
    Plugin(
        kind="mask",
        name="components",
        target="understudy.mask.landmark:ComponentsMasker",
        options=_GRID,
        summary="Convex hulls of the landmarks: brows to chin, ear to ear.",
    ),
    Plugin(
        kind="mask",
        name="extended",
        target="understudy.mask.landmark:ExtendedMasker",
        options=_GRID,
        summary="Like components, and half-way up the forehead above the brows.",
    ),
    Plugin(
        kind="mask",
        name="custom",
        target="understudy.mask.landmark:CustomMasker",
        summary="A copy of extended to paint on by hand; what is painted is read back over it.",
        options=_GRID,
    ),
    Plugin(
        kind="mask",
        name="mesh",
        target="understudy.mask.mesh:MeshMasker",
        summary="The outline of MediaPipe's face mesh: chin to hairline.",
        options=_GRID,
        weights=(FACE_MESH,),
    ),
    Plugin(
        kind="mask",
        name="bisenet",
        target="understudy.mask.parsing:BiSeNetMasker",
        summary="Face parsing with soft edges, chosen regions; best on a GPU; not commercial.",
        options=_PARSING,
        weights=(BISENET,),
    ),
    Plugin(
        kind="mask",
        name="bisenet-v2",
        target="understudy.mask.parsing:BiSeNetV2Masker",
        summary="Small face parsing for the CPU, chosen regions; not commercial.",
        options=_PARSING,
        weights=(BISENET_V2,),
    ),
    Plugin(
        kind="mask",
        name="occlusion",
        target="understudy.mask.occlusion:OcclusionMasker",
        summary="The face without hands before it and, with a parser chosen, hair or things.",
        options="understudy.mask.options:OcclusionOptions",
        weights=(FACE_MESH, PALM_DETECTION, HAND_LANDMARK),
    ),
)
