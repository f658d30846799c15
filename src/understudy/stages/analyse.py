"""One frame in, its faces out: detect, find landmarks, align, mask, embed."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from understudy.errors import ValueRefused
from understudy.flow import Progress
from understudy.geometry import average_distance
from understudy.media import MediaInfo
from understudy.options import fields_of, to_mapping
from understudy.plugin import Plugin, Registry
from understudy.stages.extract_options import ExtractOptions
from understudy.types import Alignment, Face, Faces, Frame, Mask

MASKS = ("components", "extended")


class Analyser:
    """The plug-ins of an extraction, set up once. Thread-safe: frames may come in parallel."""

    def __init__(
        self, options: ExtractOptions, registry: Registry, info: MediaInfo, progress: Progress
    ) -> None:
        self.options = options
        self.workers = options.workers or os.cpu_count() or 1
        self._source = info.path.name
        detect = registry.get("detect", options.detector)
        align = registry.get("align", options.aligner)
        embed = None if options.embedder == "none" else registry.get("embed", options.embedder)
        masks = [registry.get("mask", name) for name in MASKS]
        used = [p for p in (detect, align, embed) if p is not None]
        say_licences(used, progress)
        one_thread_each()
        self._detector = detect.load()(_forwarded(detect, options))
        self._aligner = align.load()()
        self._embedder = None if embed is None else embed.load()()
        self._maskers = {p.name: p.load()() for p in masks}
        self._made_by = {p.kind: p.made_by for p in used}
        self._made_by["mask"] = " ".join(p.made_by for p in masks)

    def faces_of(self, frame: Frame) -> tuple[Frame, list[Face]]:
        """All faces of one frame, the most certain first, and the frame itself."""
        detected = self._detector.detect([frame.pixels])[0]
        detected = detected[_large_and_certain(detected, self.options)]
        if len(detected) == 0:
            return frame, []
        found = self._aligner.align(frame.pixels, detected)
        alignments: list[tuple[int, Alignment]] = []
        for i in range(len(found)):
            try:
                points = found.landmarks[i]
                fit = Alignment.fit(points, frame.space, self.options.template)
            except ValueRefused:
                continue  # landmarks on one spot: no face that could be aligned
            alignments.append((i, fit))
        vectors = self._embed(frame, [a for _, a in alignments])
        return frame, [
            self._face(frame, found, i, alignment, number, vectors)
            for number, (i, alignment) in enumerate(alignments)
        ]

    def _embed(self, frame: Frame, alignments: list[Alignment]) -> Any:
        if self._embedder is None or not alignments:
            return None
        return self._embedder.embed(frame.pixels, alignments)

    def _face(
        self, frame: Frame, found: Faces, i: int, alignment: Alignment, number: int, vectors: Any
    ) -> Face:
        masks: dict[str, Mask] = {
            name: masker.mask(frame.pixels, alignment) for name, masker in self._maskers.items()
        }
        box = found.boxes_xyxy[i]
        quality = {
            "average_distance": average_distance(alignment.landmarks_unit),
            "size_px": float(np.sqrt(max(0.0, float(np.prod(box[2:] - box[:2]))))),
        }
        return Face(
            id=f"{frame.at.index}_{number}",
            at=frame.at,
            box_xyxy=box,
            score=float(found.scores[i]),
            alignment=alignment,
            masks=masks,
            embedding=None if vectors is None else vectors[number],
            quality=quality,
            made_by=dict(self._made_by),
        )


def one_thread_each() -> None:
    """Frames run in parallel here, so each network runs on one core: no threads that spin."""
    import torch

    torch.set_num_threads(1)


def say_licences(plugins: list[Plugin], progress: Progress) -> None:
    """Tell which weights are used and which may not be used commercially."""
    names = ", ".join(f"{p.kind} {p.name}" for p in plugins)
    barred = [w for p in plugins for w in p.weights if not w.commercial_use]
    note = "".join(f"; {w.name}: {w.license}, no commercial use" for w in barred)
    progress.say(f"using {names}{note}")


def _forwarded(plugin: Plugin, options: ExtractOptions) -> Any:
    """The plug-in's own options, with those of the stage that it declares as well."""
    cls = plugin.load_options()
    known = {f.name for f in fields_of(cls)}
    return cls(**{k: v for k, v in to_mapping(options).items() if k in known})


def _large_and_certain(faces: Faces, options: ExtractOptions) -> Any:
    sides = faces.boxes_xyxy[:, 2:] - faces.boxes_xyxy[:, :2]
    large = np.sqrt(np.maximum(sides, 0).prod(1)) >= options.min_face_px
    return np.flatnonzero(large & (faces.scores >= options.min_confidence))
