"""What a model may be told of each face beside its picture, as `swap.Batch` has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import Float64, Warp
from understudy.geometry.facemesh import N_MESH_WITH_IRISES
from understudy.stages.faces.surfaces import mesh_of

if TYPE_CHECKING:
    from understudy.swap import SignalName
    from understudy.types import Face

N_BLENDSHAPES = 52


def signals_of(
    faces: Sequence[Face], crops_from_frame: Sequence[Warp], names: Sequence[SignalName]
) -> dict[str, NDArray[np.float32]]:
    """Numbers of faces by the name of the signal.

    Args:
        faces: n faces.
        crops_from_frame: where the crop that the model sees of each lies.
        names: which signals.

    Returns:
        "pose": (n, 3) pitch, yaw and roll in degrees. "landmarks": (n, 68, 2) places in the crop,
        -1..1 from edge to edge. "blendshapes": (n, 52). "mesh": (n, 478, 3) places in the crop
        likewise, and depth in the same unit.

    Raises:
        ValueRefused: a face has no blendshapes or no mesh; says where to get them.
    """
    return {name: _signal(name, faces, crops_from_frame) for name in names}


def _signal(name: SignalName, faces: Sequence[Face], crops: Sequence[Warp]) -> NDArray[np.float32]:
    if name == "pose":
        rows: list[Any] = [f.alignment.pose.pitch_yaw_roll_deg for f in faces]
        return np.asarray(rows, np.float32).reshape(-1, 3)
    if name == "landmarks":
        rows = [
            crop.points(f.alignment.landmarks) / crop.dst.size_wh * 2 - 1
            for f, crop in zip(faces, crops, strict=True)
        ]
        return np.asarray(rows, np.float32).reshape(-1, 68, 2)
    if name == "mesh":
        rows = [_mesh_on(mesh_of(f), crop) for f, crop in zip(faces, crops, strict=True)]
        return np.asarray(rows, np.float32).reshape(-1, N_MESH_WITH_IRISES, 3)
    without = [f.id for f in faces if name not in f.extras]
    if without:
        raise ValueRefused(
            f"face {without[0]} has no {name}, which this model needs; extract with "
            "--aligner mediapipe-478"
        )
    return np.asarray([f.extras[name] for f in faces], np.float32).reshape(-1, N_BLENDSHAPES)


def _mesh_on(mesh: Float64, crop: Warp) -> Float64:
    """Points on the crop, -1..1, depth in the same unit."""
    places = crop.points(mesh[:, :2]) / crop.dst.size_wh * 2 - 1
    return np.column_stack([places, mesh[:, 2] * (crop.scale * 2 / crop.dst.width)])
