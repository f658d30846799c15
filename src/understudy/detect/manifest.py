"""The detectors that come with Understudy."""

from __future__ import annotations

from understudy.plugin import Plugin, Weights


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

PLUGINS = (
    Plugin(
        kind="detect",
        name="mtcnn",
        target="understudy.detect.mtcnn:MtcnnDetector",
        summary="Three small networks in a row: sure and quick enough on a CPU, upright faces.",
        options="understudy.detect.mtcnn:MtcnnOptions",
        weights=(PNET, RNET, ONET),
    ),
)
