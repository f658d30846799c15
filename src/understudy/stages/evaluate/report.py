"""What an evaluation measured, for each part of the casting and in all, and the same in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from understudy.score import Group, Score, from_plain_number
from understudy.score.combined import QUESTIONS, answers, combined
from understudy.stages.evaluate.gather import Gathered, Scorers
from understudy.words import counted

_FEW_STEPS, _GOOD = 500, 70.0
"""A model of so few iterations that is not good yet is told to train on."""


@dataclass(slots=True)
class PartReport:
    """What was measured of one person of the film who was replaced.

    Attributes:
        faces: how many of this person's faces were replaced.
        looked_at: how many of them were looked at.
        lost: of these, how many were found in the plate and not in the output.
        scores: of each part of the score.
        unswapped: value of each part for the plate as if it were the output: the floor.
        answers: the three questions, 0..1; see `score.combined`.
        combined: 0..100, or not a number where a question has no answer.
        psnr_swap, psnr_unswapped: dB against the truth inside the mask, a number a face.
        ssim_swap, ssim_unswapped: the same as SSIM.
        frames, seconds: of the faces looked at.
        curves: "eyes", "mouth" and "yaw" of plate and output, by face looked at.
    """

    faces: int = 0
    looked_at: int = 0
    lost: int = 0
    scores: Mapping[str, Score] = field(default_factory=dict)
    unswapped: Mapping[str, float] = field(default_factory=dict)
    answers: Mapping[Group, float] = field(default_factory=dict)
    combined: float = float("nan")
    psnr_swap: list[float] = field(default_factory=list)
    psnr_unswapped: list[float] = field(default_factory=list)
    ssim_swap: list[float] = field(default_factory=list)
    ssim_unswapped: list[float] = field(default_factory=list)
    frames: Sequence[int] = ()
    seconds: Sequence[float] = ()
    curves: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> PartReport:
        """From what `events.to_plain` makes of one.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is none.
        """
        number = from_plain_number
        return cls(
            faces=int(plain["faces"]),
            looked_at=int(plain["looked_at"]),
            lost=int(plain["lost"]),
            scores={str(name): Score.from_plain(score) for name, score in plain["scores"].items()},
            unswapped={str(name): number(value) for name, value in plain["unswapped"].items()},
            answers={group: number(plain["answers"][group]) for group in QUESTIONS},
            combined=number(plain["combined"]),
            psnr_swap=list(map(number, plain["psnr_swap"])),
            psnr_unswapped=list(map(number, plain["psnr_unswapped"])),
            ssim_swap=list(map(number, plain["ssim_swap"])),
            ssim_unswapped=list(map(number, plain["ssim_unswapped"])),
            frames=list(map(int, plain["frames"])),
            seconds=list(map(number, plain["seconds"])),
            curves=dict(plain["curves"]),
        )

    @property
    def psnr_gain_db(self) -> float:
        """Mean PSNR against the truth, less that of the unswapped film."""
        with np.errstate(invalid="ignore"):  # two perfect copies differ by inf - inf
            return float(np.mean(self.psnr_swap) - np.mean(self.psnr_unswapped))

    def lines(self) -> list[str]:
        """The result in plain words."""
        said = [self._headline()]
        if self.lost:
            said.append(f"no face was found in {self.lost} of {self.looked_at + self.lost} outputs")
        said += [f"{name}: {score.words}" for name, score in self.scores.items()]
        return said + self._truth()

    def _headline(self) -> str:
        answers = ", ".join(
            f"{QUESTIONS[group]}? {_percent(self.answers.get(group, float('nan')))}"
            for group in QUESTIONS
        )
        whole = f"{self.combined:.0f} of 100" if np.isfinite(self.combined) else "not known"
        return (
            f"score {whole} ({answers}; {counted(self.looked_at, 'face')} looked at; unswapped: 0)"
        )

    def _truth(self) -> list[str]:
        if not self.psnr_swap:
            return []
        swap, plain = float(np.mean(self.psnr_swap)), float(np.mean(self.psnr_unswapped))
        return [
            f"against the true swap, inside the mask: PSNR {swap:.1f} dB, unswapped {plain:.1f} "
            f"dB: {swap - plain:+.1f} dB",
            f"against the true swap, inside the mask: SSIM {np.mean(self.ssim_swap):.3f}, "
            f"unswapped {np.mean(self.ssim_unswapped):.3f}",
        ]


def judged_part(
    gathered: Gathered,
    donor: Gathered,
    scorers: Scorers,
    into: PartReport | None = None,
) -> PartReport:
    """What was gathered of one part of the casting, as scores.

    Args:
        gathered: of its faces.
        donor: of the donor's pictures.
        scorers: the parts of the score.
        into: a report to be filled in; None makes one.
    """
    report = PartReport(faces=len(gathered.frames) + gathered.lost) if into is None else into
    report.looked_at, report.lost = len(gathered.frames), gathered.lost
    report.frames, report.seconds = list(gathered.frames), list(gathered.seconds)
    report.scores, unswapped = gathered.judged(donor)
    report.unswapped = {name: score.value for name, score in unswapped.items()}
    answered = answers(report.scores, scorers)
    # a face that is not there any more performs nothing
    there = report.looked_at / max(1, report.looked_at + report.lost)
    answered["performance"] *= there
    report.answers, report.combined = {**answered}, combined(answered)
    return report


@dataclass(slots=True)
class EvaluateReport:
    """What was measured.

    Attributes:
        frames: frames compared.
        frames_with_face: of these, how many have a face that was replaced.
        detector, readers, embedder: what looked.
        step: iterations of the model, or None where they are not known.
        parts: figures by part of the casting, "person in the film -> trained person".
    """

    frames: int = 0
    frames_with_face: int = 0
    detector: str = ""
    readers: tuple[str, ...] = ()
    embedder: str = ""
    step: int | None = None
    parts: dict[str, PartReport] = field(default_factory=dict)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> EvaluateReport:
        """From what `events.to_plain` makes of one.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is none.
        """
        step = plain["step"]
        return cls(
            int(plain["frames"]),
            int(plain["frames_with_face"]),
            str(plain["detector"]),
            tuple(map(str, plain["readers"])),
            str(plain["embedder"]),
            None if step is None else int(step),
            {str(name): PartReport.from_plain(part) for name, part in plain["parts"].items()},
        )

    @property
    def combined(self) -> float:
        """0..100 over all persons, each counted by its faces."""
        parts = [p for p in self.parts.values() if p.faces]
        faces = sum(p.faces for p in parts)
        return sum(p.combined * p.faces for p in parts) / faces if faces else float("nan")

    def metrics(self) -> dict[str, float]:
        """What is worth a curve, by name; of several persons together, each by its faces."""
        found = {"score/combined": self.combined}
        parts = [p for p in self.parts.values() if p.looked_at]
        for name in dict.fromkeys(name for p in parts for name in p.scores):
            known = [(p.scores[name].value, p.faces) for p in parts]
            known = [(value, faces) for value, faces in known if np.isfinite(value)]
            if known:
                total = sum(faces for _, faces in known)
                found[f"score/{name}"] = sum(value * faces for value, faces in known) / total
        gains = [p.psnr_gain_db for p in parts if p.psnr_swap]
        if gains:
            found["psnr_gain_db"] = float(np.mean(gains))
        return {name: value for name, value in found.items() if np.isfinite(value)}

    def lines(self) -> list[str]:
        """The result in plain words, person by person."""
        said = [f"frames with a face: {self.frames_with_face} of {self.frames}"]
        several = len(self.parts) > 1
        for name, part in sorted(self.parts.items()):
            before = f"person {name}: " * several
            said += [f"{before}{counted(part.faces, 'face')}"] * several
            said += [f"{before}{line}" for line in part.lines()]
        if several and np.isfinite(self.combined):
            said.append(f"all together: score {self.combined:.0f} of 100")
        if self.step is not None and self.step < _FEW_STEPS and self.combined < _GOOD:
            said.append(
                f"{counted(self.step, 'iteration')}: train on, this is far from what the model "
                "can do"
            )
        return said

    def tables(self) -> list[str]:
        """Every figure with its floor and its ceiling, as Markdown."""
        said = [
            f"Faces found anew by {self.detector}, read by {', '.join(self.readers)}, identity by "
            f"{self.embedder or 'nothing'}. Floor: the plate as if it were the output, read again "
            "from where the output's face was found: no swap can be read nearer to it. Ceiling: "
            "the donor's own pictures at the model's resolution.",
        ]
        for name, part in sorted(self.parts.items()):
            said += [
                "",
                f"## Person {name}",
                "",
                "| part | score | unswapped |",
                "| --- | --- | --- |",
            ]
            for key, score in part.scores.items():
                unswapped = _percent(part.unswapped.get(key, float("nan")))
                said.append(f"| {key} | {_percent(score.value)} | {unswapped} |")
            said += ["", "| figure | swap | floor | ceiling |", "| --- | --- | --- | --- |"]
            for key, score in part.scores.items():
                for f in score.figures:
                    unit = f" {f.unit}" * bool(f.unit)
                    three = " | ".join(_number(v) for v in (f.swap, f.floor, f.ceiling))
                    said.append(f"| {key}: {f.name}{unit} | {three} |")
        return said


def _percent(share: float) -> str:
    return f"{share:.0%}" if np.isfinite(share) else "unknown"


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else ""
