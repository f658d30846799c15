"""What DeepFaceLab keeps in a face picture, as a face of ours.

Source: pictures of DeepFaceLab, taken apart byte by byte. A DFLJPG carries a pickled table in its
APP15 segment, a DFLPNG in a chunk `fcWp`. `image_to_face_mat` maps frame to picture pixels. It is
taken as it stands: made from another mean face, it differs by many pixels from what the landmarks
would give today.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import Centering, Float64, umeyama
from understudy.interchange import checks, images, values
from understudy.interchange.pickles import safe_pickle
from understudy.interchange.values import FaceImage, ForeignFace, ForeignMask, Ledger
from understudy.store import codec

TOOL = "deepfacelab@1"
_APP15 = 0xEF
_PNG_CHUNK = b"fcWp"
_BUDGET = 64 << 20
_MAX_POLYGONS, _MAX_POINTS = 1000, 10_000
_CENTERINGS: dict[str, Centering] = {
    "half_face": "legacy",
    "midfull_face": "legacy",
    "head": "head",
    "head_no_align": "head",
}
_IGNORED = ("ie_polys", "fanseg_mask", "pitch_yaw_roll")


def metadata(data: bytes) -> dict[str, Any] | None:
    """The table in a face picture's bytes, or None where a picture has none.

    Raises:
        ValueRefused: a damaged picture, or a table that is not plain data.
    """
    packed = None
    if data.startswith(images.PNG_SIGNATURE):
        found = (body for kind, body in images.png_chunks(data) if kind == _PNG_CHUNK)
        packed = next(found, None)
    else:
        for marker, body in images.jpeg_segments(data):
            if marker == _APP15 and body[:1] in (b"\x80", b"("):
                packed = body
    if packed is None:
        return None
    return checks.mapping("metadata", safe_pickle.loads(packed, budget_bytes=_BUDGET))


def face_image(
    path: Path,
    name: str,
    data: bytes,
    meta: Mapping[str, Any],
    ledger: Ledger,
    *,
    person: str = "",
    offset: int = 0,
) -> FaceImage:
    """The picture with what its table says.

    Raises:
        ValueRefused, or others of `checks.DAMAGED`: not such a table.
    """
    width, height = images.size_of(data)
    if width != height:
        raise ValueRefused(f"expected a square picture, got {width}x{height}")
    crop_from_frame, landmarks = _placed(meta, ledger)
    masks = _masks(meta, crop_from_frame, width, ledger)
    steps = {"detect": TOOL, "align": TOOL} | ({"mask": TOOL} if masks else {})
    source = meta.get("source_filename")
    face_type = meta.get("face_type")
    if meta.get("eyebrows_expand_mod", 1.0) != 1.0:
        ledger.lose("eyebrows_expand_mod (use the `extended` mask)")
    for key in _IGNORED:
        if meta.get(key) is not None:
            ledger.lose(f"{key} of old files")
    face = ForeignFace(
        frame=source if isinstance(source, str) and source else name,
        landmarks=landmarks,
        box_xyxy=_box(meta.get("source_rect"), landmarks),
        made_by=steps,
        masks=masks,
    )
    return FaceImage(
        name=name,
        person=person,
        face=face,
        crop_from_frame=crop_from_frame,
        size_px=width,
        centering=_CENTERINGS.get(face_type, "face") if isinstance(face_type, str) else "face",
        path=path,
        offset=offset,
        length=len(data),
    )


def _placed(meta: Mapping[str, Any], ledger: Ledger) -> tuple[Float64, Float64]:
    """(crop_from_frame, landmarks in the frame), whichever two of the three facts are there."""
    matrix, in_frame = meta.get("image_to_face_mat"), meta.get("source_landmarks")
    in_picture = meta.get("landmarks")
    if matrix is not None:
        rows = 3 if isinstance(matrix, (list, tuple, np.ndarray)) and len(matrix) == 3 else 2
        stored = checks.numbers("image_to_face_mat", matrix, (rows, 3))
        crop_from_frame = values.from_index(stored)
        if in_frame is not None:
            return crop_from_frame, values.landmarks_68(in_frame)
        points = values.landmarks_68(in_picture)
        back = np.linalg.inv(crop_from_frame)
        return crop_from_frame, points @ back[:2, :2].T + back[:2, 2]
    if in_frame is None or in_picture is None:
        raise ValueRefused("it does not say where its face lies in the frame")
    frame_points = values.landmarks_68(in_frame)
    ledger.lose("the exact place of pictures without a matrix (fitted to their landmarks)")
    return umeyama(frame_points, values.landmarks_68(in_picture)), frame_points


def _box(rect: Any, landmarks: Float64) -> Float64:
    if rect is None:
        return values.box_around(landmarks)
    box = checks.numbers("source_rect", rect, (4,))
    if box[2] <= box[0] or box[3] <= box[1]:
        return values.box_around(landmarks)
    return values.moved(box)


def _masks(
    meta: Mapping[str, Any], crop_from_frame: Float64, size_px: int, ledger: Ledger
) -> list[ForeignMask]:
    masks = []
    for key, make in (("xseg_mask", _painted), ("seg_ie_polys", _drawn)):
        if meta.get(key) is None:
            continue
        try:
            levels = make(meta[key], size_px)
        except checks.DAMAGED as error:
            ledger.lose(f"{key}: {str(error)[:80]}")
            continue
        if levels is not None:
            scale = np.diag([levels.shape[1] / size_px, levels.shape[0] / size_px, 1.0])
            masks.append(ForeignMask(_KINDS[key], levels, scale @ crop_from_frame))
    return masks


_KINDS = {"xseg_mask": "xseg", "seg_ie_polys": "polygons"}


def _painted(packed: Any, size_px: int) -> NDArray[np.uint8]:
    """The mask that was kept as a picture of its own."""
    if isinstance(packed, np.ndarray) and packed.dtype == np.uint8 and packed.ndim <= 2:
        packed = packed.tobytes()
    if not isinstance(packed, bytes):
        raise ValueRefused(f"expected an encoded picture, got {checks.kind_of(packed)}")
    width, height = images.size_of(packed)
    if max(width, height) > codec.MAX_MASK_SIDE_PX or width != height:
        raise ValueRefused(f"a mask of {width}x{height} px")
    return images.decode(packed, grey=True)


def _drawn(polygons: Any, size_px: int) -> NDArray[np.uint8] | None:
    """The mask that was drawn as polygons: first all that include, then all that exclude."""
    import cv2

    listed = polygons.get("polys", []) if isinstance(polygons, dict) else polygons
    listed = checks.sequence("polys", listed)
    if not listed or size_px > codec.MAX_MASK_SIDE_PX:
        return None
    if len(listed) > _MAX_POLYGONS:
        raise ValueRefused(f"{len(listed)} polygons; at most {_MAX_POLYGONS} are read")
    shapes = [_polygon(p, size_px) for p in listed]
    levels = np.zeros((size_px, size_px), np.uint8)
    for wanted, level in ((1, 255), (0, 0)):
        for kind, points in shapes:
            if kind == wanted and len(points) >= 3:
                cv2.fillPoly(levels, [points], level)
    return levels


def _polygon(plain: Any, size_px: int) -> tuple[int, NDArray[np.int32]]:
    kind, points = (plain["type"], plain["pts"]) if isinstance(plain, dict) else plain
    if isinstance(points, (list, tuple)) and len(points) > _MAX_POINTS:
        raise ValueRefused(f"a polygon of {len(points)} points")
    corners = checks.numbers("pts", points, (None, 2)) if len(points) else np.zeros((0, 2))
    if len(corners) > _MAX_POINTS:
        raise ValueRefused(f"a polygon of {len(corners)} points")
    # A far-off corner must not overflow the fixed point that polygons are filled in.
    indices = np.rint(np.clip(corners, -4 * size_px, 5 * size_px)).astype(np.int32)
    return checks.whole("type", kind, 0, 1), indices
