"""New faces apart from their frames, to be put in by hand in Nuke, After Effects or Blender.

Each frame has a JSON that names its faces, lowest first: a picture with a matte as its alpha, and
the matrix that brings it into the frame. A frame without a new face has one that names none.

Convention: (x, y) with x to the right and y downwards from the upper left corner; pixel i covers
[i, i+1), so that its middle lies at i + 0.5.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Centering, Space, Warp
from understudy.imaging.depth import from_unit
from understudy.imaging.png import encode_png
from understudy.imaging.resample import warp_image
from understudy.media import MediaInfo
from understudy.types import Cutout, Frame
from understudy.version import VERSION
from understudy.write import MARK
from understudy.write.images import FolderWriter
from understudy.write.options import PatchOptions

FORMAT = 1
"""Of the JSON; it changes when an older reader would go wrong."""
_CENTERING: Centering = "head"


class PatchWriter(FolderWriter):
    """A folder with `000123.json` a frame and `000123-0.png` a face.

    Args:
        source: the frames' names follow it.
        options: depth, and on which pixels faces lie.
    """

    keeps_alpha = False
    takes_cutouts = True
    like_source = False

    def __init__(self, source: MediaInfo, options: PatchOptions | None = None) -> None:
        self._options = options or PatchOptions()
        super().__init__(source, ".png", int(self._options.patch_bits))
        self.bytes_a_frame //= 6  # of a frame, a face covers a part

    def files_of(self, frame: Frame) -> dict[str, bytes]:
        """A JSON that says where a frame's faces lie, and the faces."""
        stem, faces = self.stem(frame.at.index), []
        pictures = {}
        for number, cutout in enumerate(frame.cutouts):
            picture = f"{stem}-{number}.png"
            pixels, frame_from_patch = self._picture(frame, cutout)
            pictures[picture] = encode_png(pixels, MARK)
            faces.append(
                {
                    "picture": picture,
                    "size": [pixels.shape[1], pixels.shape[0]],
                    "frame_from_patch": frame_from_patch.matrix.tolist(),
                    **_about(frame, cutout),
                }
            )
        at = frame.at
        plain = {
            "format": FORMAT,
            "made_by": f"Understudy {VERSION}",
            "notice": MARK,
            "source": frame.source,
            "frame": at.index,
            "pts": at.pts,
            "time_base": str(at.time_base),
            "seconds": float(at.seconds),
            "frame_size": list(frame.space.size_wh),
            "colour": "RGB code values of the source's own curve",
            "alpha": "straight",
            "bits": self.bits,
            "faces": faces,
        }
        return {f"{stem}.json": (json.dumps(plain, indent=1) + "\n").encode(), **pictures}

    def paired(self, made: Collection[str]) -> Iterable[tuple[str, Path]]:
        """Faces with the frame's own source, frame by frame and the lowest first."""
        pictures = sorted((name for name in made if name.endswith(self._ending)), key=_place)
        if not self._stems:
            return [(name, self._source.path) for name in pictures]
        of: dict[str, list[str]] = {name: [] for name in self._stems}
        for name in pictures:
            of[_place(name)[0]].append(name)
        pairs = zip(self._stems, self._source.files, strict=True)
        return [(name, file) for stem, file in pairs for name in of[stem]]

    def _picture(self, frame: Frame, cutout: Cutout) -> tuple[NDArray[Any], Warp]:
        """A face with its matte, and where it lies."""
        height, width = cutout.alpha.shape
        frame_from_window = Warp(
            np.array([[1, 0, cutout.left], [0, 1, cutout.top], [0, 0, 1]]),
            Space("window", width, height),
            frame.space,
        )
        rgb, alpha, frame_from_patch = cutout.rgb, cutout.alpha, frame_from_window
        if side := self._options.square:
            square = cutout.face.alignment.crop(side, 1.0, _CENTERING).begun_in(frame.space)
            frame_from_patch = square.inverse()
            rgb = warp_image(rgb, square @ frame_from_window, "cubic", "edge")
            alpha = warp_image(alpha, square @ frame_from_window)
        kind = np.dtype(np.uint8 if self.bits == 8 else np.uint16)
        both = np.dstack([np.clip(rgb, 0, 1), np.clip(alpha, 0, 1)])
        return from_unit(both, kind), frame_from_patch


def _about(frame: Frame, cutout: Cutout) -> dict[str, Any]:
    """Which face it is, and where its landmarks lie in the frame."""
    face = cutout.face
    found = face.alignment.unit_from_frame.begun_in(frame.space)
    points = found.inverse().points(face.alignment.landmarks_unit)
    return {
        "face": face.id,
        "track": face.track,
        "shows": cutout.to,
        "landmarks": np.round(points, 3).tolist(),
        "unit_from_frame": found.matrix.tolist(),
    }


def _place(picture: str) -> tuple[str, int]:
    """Of a face's file, the frame's name and the face's number."""
    stem, number = picture.rsplit(".", 1)[0].rsplit("-", 1)
    return stem, int(number)
