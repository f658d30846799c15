"""The script: what head, face, eyes, light and camera do in each frame of a clip.

A seed gives one script. Both actors can play it, which is how a true swapped video comes about.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

# Mouth shapes of running speech: jaw, wide, pucker, press, lip_raise.
_VISEMES = np.array(
    [
        (0.54, 0.15, 0.00, 0.0, 0.15),  # aa
        (0.34, 0.60, 0.00, 0.0, 0.30),  # eh
        (0.16, 0.90, 0.00, 0.0, 0.45),  # ee
        (0.40, 0.00, 0.70, 0.0, 0.05),  # oh
        (0.16, 0.00, 1.00, 0.0, 0.00),  # oo
        (0.00, 0.10, 0.00, 1.0, 0.00),  # m, b, p
        (0.08, 0.25, 0.00, 0.0, 0.55),  # f, v
        (0.14, 0.35, 0.10, 0.0, 0.35),  # s, t
    ]
)


@dataclass(frozen=True, slots=True)
class Pose:
    """Head pose in degrees and shift in mm.

    Convention:
        yaw > 0 turns the face to the image's right, pitch > 0 lifts the chin, roll > 0 turns the
        head clockwise in the image. Applied roll * yaw * pitch, about the top of the neck.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Expression:
    """What the face does, 0 (not) to 1 (fully); gaze in degrees, right and up of straight ahead."""

    blink: float = 0.0
    jaw: float = 0.0
    smile: float = 0.0
    pucker: float = 0.0
    wide: float = 0.0
    press: float = 0.0
    lip_raise: float = 0.0
    brow_up: float = 0.0
    brow_down: float = 0.0
    squint: float = 0.0
    gaze_right: float = 0.0
    gaze_up: float = 0.0


@dataclass(frozen=True, slots=True)
class Light:
    """The key light in degrees (azimuth > 0: right, elevation > 0: above), and strengths."""

    azimuth: float = -35.0
    elevation: float = 30.0
    key: float = 1.0
    fill: float = 1.0
    warmth: float = 0.0


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of the script; `camera` is the drift (right, up, nearer) in mm."""

    pose: Pose
    expression: Expression
    light: Light
    camera: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Performance:
    """A script of `n_frames` at `fps`, wholly given by `seed`.

    Raises:
        IndexError: when a frame outside 0..n_frames-1 is asked for.
    """

    seed: int
    n_frames: int
    fps: Fraction = Fraction(25)

    def __getitem__(self, index: int) -> Moment:
        """The script's frame `index`; time, not the frame count, drives it."""
        if not 0 <= index < self.n_frames:
            last = self.n_frames - 1
            msg = f"frame {index} of a performance of {last + 1} frames: use 0 to {last}"
            raise IndexError(msg)
        t = float(index / self.fps)
        return Moment(self._pose(t), self._expression(t), self._light(t), self._camera(t))

    def __len__(self) -> int:
        return self.n_frames

    def _pose(self, t: float) -> Pose:
        yaw = 21 * self._wave(t, 0, 5.3) + 9 * self._wave(t, 1, 2.1)
        pitch = 8 * self._wave(t, 2, 4.1) + 4.5 * self._wave(t, 3, 1.7) - 1
        roll = 7 * self._wave(t, 4, 6.1) + 3 * self._wave(t, 5, 2.3)
        shift = (9 * self._wave(t, 6, 4.7), 4 * self._wave(t, 7, 3.3), 10 * self._wave(t, 8, 5.9))
        return Pose(yaw, pitch, roll, shift)

    def _expression(self, t: float) -> Expression:
        speaking = _ease(self._wave(t, 20, 4.6) + 0.55, 0.0, 0.5)
        jaw, wide, pucker, press, lip_raise = speaking * self._speech(t)
        smile = 0.95 * _ease(self._wave(t, 21, 5.1), 0.25, 0.85) * (1 - 0.45 * speaking)
        surprise = _ease(self._wave(t, 22, 3.7), 0.55, 0.95)
        gaze_right, gaze_up = self._gaze(t)
        return Expression(
            blink=self._blink(t),
            jaw=float(jaw + 0.10 * smile + 0.06 * surprise),
            smile=float(smile),
            pucker=float(pucker * (1 - 0.7 * smile)),
            wide=float(wide),
            press=float(press),
            lip_raise=float(min(lip_raise + 0.55 * smile, 1)),
            brow_up=float(surprise + 0.18 * speaking * max(self._wave(t, 23, 1.1), 0)),
            brow_down=float(0.8 * _ease(self._wave(t, 24, 4.3), 0.6, 0.95) * (1 - surprise)),
            squint=float(0.55 * smile),
            gaze_right=gaze_right,
            gaze_up=gaze_up,
        )

    def _light(self, t: float) -> Light:
        return Light(
            azimuth=-32 + 30 * self._wave(t, 30, 7.3),
            elevation=32 + 9 * self._wave(t, 31, 5.7),
            key=1 + 0.10 * self._wave(t, 32, 3.9),
            fill=1 + 0.08 * self._wave(t, 33, 6.7),
            warmth=0.5 + 0.5 * self._wave(t, 34, 8.9),
        )

    def _camera(self, t: float) -> tuple[float, float, float]:
        return 7 * self._wave(t, 40, 6.9), 4 * self._wave(t, 41, 5.1), 16 * self._wave(t, 42, 8.3)

    def _speech(self, t: float) -> F64:
        place = t * 4.3
        k = int(place)
        sounds = [_VISEMES[self._random(50, j).integers(len(_VISEMES))] for j in (k, k + 1)]
        mix = _ease(place - k, 0.15, 0.85)
        return np.asarray(sounds[0] * (1 - mix) + sounds[1] * mix)

    def _blink(self, t: float) -> float:
        closed = 0.0
        for k in range(int(t / 2.6) - 1, int(t / 2.6) + 2):
            since = t - 2.6 * k - self._random(60, k + 10).uniform(0.3, 1.6)
            closed = max(closed, _ease(since, 0.0, 0.09) * _ease(since, 0.30, 0.13))
        return closed

    def _gaze(self, t: float) -> tuple[float, float]:
        place = t / 0.85
        k = int(place)
        targets = [self._random(70, j).normal((0, -1), (8, 4)) for j in (k, k + 1)]
        mix = _ease(place - k, 0.90, 1.0)
        right, up = targets[0] * (1 - mix) + targets[1] * mix
        pose = self._pose(t)
        # Eyes stay on what they look at while the head turns.
        right, up = right - 0.45 * pose.yaw, up - 0.4 * pose.pitch
        return float(np.clip(right, -24, 24)), float(np.clip(up, -14, 12))

    def _wave(self, t: float, key: int, period_s: float) -> float:
        phase, stretch = self._random(key, 0).uniform((0, 0.9), (2 * np.pi, 1.1))
        return float(np.sin(2 * np.pi * t / (period_s * stretch) + phase))

    def _random(self, key: int, index: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, key, index])


def _ease(value: float, start: float, end: float) -> float:
    t = min(max((value - start) / (end - start), 0.0), 1.0)
    return t * t * (3 - 2 * t)
