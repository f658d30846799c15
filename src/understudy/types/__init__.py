"""The values that pass between rooms: frozen, slotted, checked at the door."""

from understudy.types.alignment import Alignment
from understudy.types.cutout import Cutout
from understudy.types.faces import Face, Faces
from understudy.types.frame import Frame, Timestamp
from understudy.types.mask import Mask
from understudy.types.track import Track

__all__ = ["Alignment", "Cutout", "Face", "Faces", "Frame", "Mask", "Timestamp", "Track"]
