"""What an evaluation measured, for each part of the casting and in all, and the same in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class PartReport:
    """What was measured of one person of the film who was replaced; lists hold one number a face.

    Attributes:
        faces: how many of this person's faces were replaced.
        to_donor, to_original: distances of the output's face to the mean vector of the trained
            person, and of the person who was there before.
        identity_unknown: why there are none, or "".
        psnr_swap, psnr_unswapped: dB against the truth inside the mask.
        ssim_swap, ssim_unswapped: the same as SSIM.
    """

    faces: int = 0
    to_donor: list[float] = field(default_factory=list)
    to_original: list[float] = field(default_factory=list)
    identity_unknown: str = ""
    psnr_swap: list[float] = field(default_factory=list)
    psnr_unswapped: list[float] = field(default_factory=list)
    ssim_swap: list[float] = field(default_factory=list)
    ssim_unswapped: list[float] = field(default_factory=list)

    @property
    def nearer_to_donor(self) -> float:
        """Share of looked-at faces that are nearer to the donor than to the original."""
        pairs = zip(self.to_donor, self.to_original, strict=True)
        return float(np.mean([d < o for d, o in pairs])) if self.to_donor else float("nan")

    def lines(self) -> list[str]:
        """The result in plain words."""
        said = []
        if self.to_donor:
            said.append(
                f"identity: {self.nearer_to_donor:.0%} of {len(self.to_donor)} faces are nearer "
                f"to the donor (mean distance {np.mean(self.to_donor):.2f}) than to the original "
                f"({np.mean(self.to_original):.2f})"
            )
        elif self.identity_unknown:
            said.append(f"identity: not measured: {self.identity_unknown}")
        if self.psnr_swap:
            swap, plain = float(np.mean(self.psnr_swap)), float(np.mean(self.psnr_unswapped))
            said.append(
                f"against the true swap, inside the mask: PSNR {swap:.1f} dB, unswapped "
                f"{plain:.1f} dB: {swap - plain:+.1f} dB"
            )
            said.append(
                f"against the true swap, inside the mask: SSIM {np.mean(self.ssim_swap):.3f}, "
                f"unswapped {np.mean(self.ssim_unswapped):.3f}"
            )
        return said


@dataclass(slots=True)
class EvaluateReport:
    """What was measured.

    Attributes:
        frames: frames compared.
        frames_with_face: of these, how many have a face that was replaced.
        parts: figures by part of the casting, "person in the film -> trained person".
    """

    frames: int = 0
    frames_with_face: int = 0
    parts: dict[str, PartReport] = field(default_factory=dict)

    @property
    def total(self) -> PartReport:
        """All parts together."""
        if len(self.parts) == 1:
            return next(iter(self.parts.values()))
        parts = list(self.parts.values())
        unknown = {p.identity_unknown: None for p in parts if p.identity_unknown}
        return PartReport(
            sum(p.faces for p in parts),
            _joined([p.to_donor for p in parts]),
            _joined([p.to_original for p in parts]),
            "; ".join(unknown),
            _joined([p.psnr_swap for p in parts]),
            _joined([p.psnr_unswapped for p in parts]),
            _joined([p.ssim_swap for p in parts]),
            _joined([p.ssim_unswapped for p in parts]),
        )

    def lines(self) -> list[str]:
        """The result in plain words; of several persons each one's first, then all together."""
        said = [f"frames with a face: {self.frames_with_face} of {self.frames}"]
        if len(self.parts) > 1:
            for part, report in sorted(self.parts.items()):
                name = f"person {part}"
                said.append(f"{name}: {report.faces} faces")
                said += [f"{name}: {line}" for line in report.lines()]
        return said + self.total.lines()


def _joined(lists: Sequence[list[float]]) -> list[float]:
    return [number for numbers in lists for number in numbers]
