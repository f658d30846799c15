"""YuNet, run by OpenCV: small and quick, with five points that tell the roll.

Source: W. Wu, H. Peng, S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine
Intelligence Research 20, 2023.

Convention: boxes are x0, y0, x1, y1 in frame pixels, pixel i covers [i, i+1).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.detect.manifest import YUNET
from understudy.detect.options import SsdOptions
from understudy.detect.picture import roll_deg, shrunk
from understudy.types import Faces
from understudy.weights.opening import opened

_MIN_CONFIDENCE, _OVERLAP, _CANDIDATES = 0.6, 0.3, 5000
# Its boxes are MTCNN's to 2 % in place and size (medians over 252 faces), so they stay as they are.


class YunetDetector:
    """Finds faces from 10 pixels up; `detect.Detector` says what goes in and comes out.

    Scores are the network's, mostly 0.8 to 0.95 on faces; `extras["roll_deg"]` comes from its
    eyes.
    """

    def __init__(self, options: SsdOptions | None = None) -> None:
        self._options = options or SsdOptions()
        chosen = self._options.min_confidence
        self._min_confidence = _MIN_CONFIDENCE if chosen is None else chosen
        self._content = opened(YUNET, lambda data: np.frombuffer(data, np.uint8), "bytes")
        # OpenCV's detector holds the size and the tensors of the run it is in.
        self._local = threading.local()

    def detect(self, frames: Sequence[NDArray[Any]]) -> list[Faces]:
        """Find faces; see `detect.Detector.detect`.

        Raises:
            ValueRefused: a frame is not (h, w, 3) uint8.
        """
        return [self._one(frame) for frame in frames]

    def _one(self, frame: NDArray[Any]) -> Faces:
        picture, frame_per_picture = shrunk(frame, self._options.max_detection_px)
        net = self._net()
        net.setInputSize((picture.shape[1], picture.shape[0]))
        found = net.detect(np.ascontiguousarray(picture[:, :, ::-1]))[1]
        rows = np.zeros((0, 15)) if found is None else found.astype(np.float64)
        rows = rows[np.argsort(-rows[:, 14], kind="stable")]
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], 1)
        roll = roll_deg(rows[:, 4:6], rows[:, 6:8])
        return Faces(boxes * frame_per_picture, rows[:, 14], extras={"roll_deg": roll})

    def _net(self) -> Any:
        net = getattr(self._local, "net", None)
        if net is None:
            # It would say on the terminal that it runs on the CPU.
            level = cv2.utils.logging.getLogLevel()
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
            net = cv2.FaceDetectorYN.create(
                "onnx",
                self._content,
                np.zeros(0, np.uint8),
                (320, 320),
                self._min_confidence,
                _OVERLAP,
                _CANDIDATES,
            )
            cv2.utils.logging.setLogLevel(level)
            self._local.net = net
        return net
