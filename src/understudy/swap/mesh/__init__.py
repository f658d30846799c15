"""A swap that keeps the performance: a mesh carries it, and the net makes only the skin.

Where lids, lips, eyes and head are is measured, not learnt: the plate's mesh is brought into the
other person's build and drawn in the plate's pose. What has to be made is a texture, and most of
that stands before the first iteration, in closed form: the main directions in which a person's
skin changes, and the least-squares way to them from what the face does. Training adds what is not
linear.

Sources: active appearance models (T. F. Cootes, G. J. Edwards, C. J. Taylor, ECCV 1998) for shape
and texture apart; S. Lombardi et al., "Deep Appearance Models for Face Rendering", 2018, for a
decoder that makes a texture; the closed form and the light are our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from understudy.geometry import Float64
from understudy.geometry.facemesh import N_MESH, N_MESH_WITH_IRISES, UPRIGHT, Heads
from understudy.geometry.facemesh.build import Build, nobody, retargeted, shut_share
from understudy.geometry.facemesh.surface import seen as facing
from understudy.geometry.facemesh.surface import with_ring
from understudy.swap import Batch, Crop, Knob, Needs, Outputs, Recipe
from understudy.swap.closed_form import shared_directions
from understudy.swap.mesh.irises import Eyes, Irises, eyes_of
from understudy.swap.mesh.numbers import (
    DIRECTIONS,
    N_NUMBERS,
    builds_of,
    directions_of,
    heads_of,
    numbers_of,
)
from understudy.swap.mesh.parts import (
    FOUND,
    SEEN_PX,
    Decoder,
    Encoder,
    darker,
    known,
    lit_as,
    moments,
    usual_of,
    without_hair,
    without_wall,
)
from understudy.swap.mesh.reach import border, cheeks, eyes, matte, mouth, skin
from understudy.swap.mesh.told import heads_told, in_double, require_told
from understudy.swap.options import MeshOptions
from understudy.swap.standard import StandardModel, refuse_aimless

CODE = N_NUMBERS + FOUND
_TRUST = 0.3
_PARTED, _AWAKE = 0.25, 0.5
"""Shares of the open eye between which the plate's white comes to show; below, lashes do."""


class Mesh(StandardModel):
    """Drawn on a mesh; 64 texels in, 128 to 1024 out."""

    instant = True
    # nothing bends a texture, so what it sees is "rgb" made smaller, as a conversion has it
    needs = Needs(input=False, signals=("mesh",), of_plate=("build",))
    knobs: Mapping[str, Knob] = {
        "morph": Knob("How far to go from the person asked for to the one named by toward."),
        "toward": Knob("The person that morph leads to.", kind="person"),
        "shape": Knob("How far the face takes the new person's build; at 0 it keeps the plate's."),
        "light": Knob("How far the skin takes the plate's broad light."),
        "mouth": Knob("How far the mouth's inside, teeth and tongue, stays the plate's."),
        "outline": Knob(
            "How far cheeks and jaw go out to the new person's where theirs are wider."
        ),
        "lids": Knob("How far the lash line between shut lids stays the plate's."),
        "whites": Knob("How far the white of open eyes stays the plate's."),
    }

    def __init__(self, options: MeshOptions | None, persons: Sequence[str]) -> None:
        super().__init__(persons)
        chosen = options or MeshOptions()
        size = chosen.texture_px
        self.crop = Crop(SEEN_PX, size, centering="legacy", coverage=1.0, surface=True)
        self.recipe = Recipe(
            learning_rate=1e-3,
            betas=(0.9, 0.99),
            warm_up=10,
            level=500,
            ema=0.995,
            dssim=1.0,
            dssim_stride=max(2, size // 64),
            mae=2.0,
            gradient=1.0,
            batch=8 if size <= 256 else 4,
            # a mirrored face is not this person's: moles, partings and crooked smiles have sides
            flip=0.0,
        )
        count = len(self.persons)
        self.encoder = Encoder()
        self.decoders = nn.ModuleList(Decoder(CODE, size, chosen.components) for _ in range(count))
        self.irises = nn.ModuleList(Irises() for _ in range(count))
        unknown = builds_of([nobody()[None] * UPRIGHT])[0]
        rest = torch.tensor(unknown.rest).expand(count, -1, -1)
        self.register_buffer("rest", rest.float().clone())
        lids = torch.tensor(np.stack([unknown.open_lids, unknown.shut_lids])).float()
        self.register_buffer("lids", lids.repeat(count, 1, 1))
        self.register_buffer("directions", torch.zeros(3 * N_MESH, DIRECTIONS))
        self.register_buffer("matte", torch.tensor(matte(size))[None, None], persistent=False)
        # what of each person's outline is skin; multiplies the matte
        self.register_buffer("clear", torch.ones(count, size, size))
        # what of each person's texture is learnt; elsewhere it is filled with what lies around
        self.register_buffer("kept", torch.ones(count, size, size))
        inside = torch.tensor(mouth(size))[None, None]
        self.register_buffer("inside", inside, persistent=False)
        self.register_buffer("eyes", torch.tensor(eyes(size)), persistent=False)
        self.register_buffer("skin", torch.tensor(skin(SEEN_PX))[None, None], persistent=False)
        reach = torch.tensor(matte(SEEN_PX))[None, None]
        self.register_buffer("reach", reach, persistent=False)

    rest: Tensor
    lids: Tensor
    directions: Tensor
    matte: Tensor
    clear: Tensor
    kept: Tensor
    inside: Tensor
    eyes: Tensor
    skin: Tensor
    reach: Tensor

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        # checkpoints of before had learnt all of it
        state_dict.setdefault(f"{prefix}kept", torch.ones_like(self.kept))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def init_from(self, batches: Sequence[Batch]) -> None:
        """Measure everybody's build, and fit the skin in closed form."""
        meshes = [in_double(batch.signals["mesh"]) for batch in batches]
        builds = builds_of(meshes)
        poses = [heads_of(mine) for mine in meshes]
        self.rest.copy_(torch.tensor(np.stack([b.rest for b in builds])))
        lids = np.stack([[b.open_lids, b.shut_lids] for b in builds])
        self.lids.copy_(torch.tensor(lids))
        self.directions.copy_(torch.tensor(directions_of([p for _, p in poses], builds)))
        small = [self._small(batch.planes["rgb"]) for batch in batches]
        seen = [self._seen(*pose) for pose in poses]
        found = [self.encoder.features(s, v) for s, v in zip(small, seen, strict=True)]
        directions, centre = shared_directions(found, FOUND)
        # what is measured shall count for more than what an encoder that knows nothing yet finds
        directions = directions * _TRUST
        self.encoder.code.weight.copy_(directions.T)
        self.encoder.code.bias.copy_(-centre @ directions)
        for person, batch in enumerate(batches):
            who = [builds[person]] * len(batch)
            code = self._code(small[person], seen[person], *poses[person], who)
            decoder = cast(Decoder, self.decoders[person])
            mean, spread = self._light(small[person], seen[person])
            decoder.usual.copy_(torch.cat([mean, spread], 2).median(0).values.flatten(1).T)
            even = (batch.planes["rgb"] - mean) / spread
            eyes = self._eyes(*poses[person], who)
            irises = cast(Irises, self.irises[person])
            irises.fit(eyes, even)
            # what lies under an iris is white that was not seen
            white = 1 - irises.plane(eyes, self.crop.output_px)
            weight = batch.planes["weight"]
            edge = torch.tensor(border(self.crop.output_px)).to(even)
            plain = torch.tensor(skin(self.crop.output_px)).to(even)
            beside_wall = torch.tensor(cheeks(self.crop.output_px)).to(even)
            # on another's cheek a wall would be a streak, and what lies under it is guessed instead
            self.kept[person] = without_wall(usual_of(even, weight), beside_wall, plain)
            decoder.fit(code, even, weight * white * self.kept[person])
            shown = decoder.mean.view(3, self.crop.output_px, self.crop.output_px)
            # eyes and mouth are left out of this: shut or hidden, they are still the person's
            beside = torch.maximum(known(weight.clamp(0, 1).mean(0)), 1 - edge)
            self.clear[person] = without_hair(shown, edge) * beside

    def forward(self, batch: Batch) -> Outputs:
        """Each face's skin as its own person's."""
        textures = batch.planes["rgb"]
        heads, points = heads_told(batch.signals)
        builds = [self._build(person) for person in batch.persons]
        small, seen = self._small(textures), self._seen(heads, points)
        code = self._code(small, seen, heads, points, builds)
        even = [
            self.irises[person](
                self.decoders[person](code[place]),
                self._eyes(heads[place], points[place], builds[place]),
            )
            for person, place in batch.blocks()
        ]
        mean, spread = self._light(small, seen)
        return Outputs(torch.cat(even) * spread + mean, code=code)

    def loss(self, outputs: Outputs, batch: Batch, group: str) -> Mapping[str, Tensor]:
        """As of all models, where the person's skin is; walls beside it are not learnt."""
        skin = self.kept[list(batch.persons)][:, None]
        planes = {**batch.planes, "weight": batch.planes["weight"] * skin}
        return super().loss(outputs, replace(batch, planes=planes), group)

    def convert(
        self,
        crops: Tensor,
        to: str,
        signals: Mapping[str, Tensor] | None = None,
        *,
        morph: float = 0.0,
        toward: str | None = None,
        shape: float = 1.0,
        light: float = 1.0,
        mouth: float = 1.0,
        lids: float = 1.0,
        whites: float = 1.0,
        outline: float = 0.0,
    ) -> Outputs:
        """Faces of anybody, performed by one person.

        Args:
            crops: (n, 3, 64, 64) textures.
            to: whose face.
            signals: "mesh" and "build", see `Batch`.
            morph: share of the other person's shape and skin, 0..1.
            toward: the other person.
            shape: share of the new person's build, 0..1.
            light: share of the plate's light, 0..1.
            mouth: share of the plate's own mouth between the lips, 0..1: teeth that the donor
                never showed cannot be learnt.
            lids: share of the plate's own lashes between lids that are shut, 0..1: somebody who
                never blinked in a pose has only a squeezed eyeball to show there.
            whites: share of the plate's own white around the new irises, 0..1: the white that a
                donor never showed in a stare is only a murky lid.
            outline: how far cheeks and jaw go out over the background to the new person's where
                theirs are wider, 0..1.

        Returns:
            Skin, its matte, and the mesh to draw it on.

        Raises:
            ValueRefused: an unknown person, a morph toward nobody, or a signal is missing.
        """
        told = require_told(signals)
        refuse_aimless(morph, toward)
        heads, points = heads_told(told)
        plates = [_build_from(one) for one in in_double(told["build"])]
        seen = self._seen(heads, points)
        code = self._code(crops, seen, heads, points, plates)
        number = self.number_of(to)
        donor, clear = self._build(number), self.clear[number]
        if morph and toward is not None:
            other = self.number_of(toward)
            donor = _between(donor, self._build(other), morph)
            clear = torch.lerp(clear, self.clear[other], morph)
        moved = np.reshape(
            [
                retargeted(points[i : i + 1], b, donor, shape, outline)[0]
                for i, b in enumerate(plates)
            ],
            (-1, N_MESH_WITH_IRISES, 3),
        )
        eyes = self._eyes(heads, moved, [donor] * len(moved))
        rgb = self._in_usual_light(number, code, eyes)
        if morph and toward is not None:
            rgb = torch.lerp(rgb, self._in_usual_light(other, code, eyes), morph)
        if light:
            rgb = lit_as(rgb, crops, seen, self.skin, light)
        drawn = heads.picture(with_ring(moved))
        mesh = torch.tensor(drawn, dtype=torch.float32, device=crops.device)
        # blurred edges may leave their range by a rounding
        alpha = self.matte * (1 - mouth * self.inside) * clear
        alpha = alpha * (1 - lids * self._lashes(crops, rgb, seen, points, plates))
        white = self._white(number, eyes, heads, moved, points, plates)
        if morph and toward is not None:
            white = torch.lerp(white, self._white(other, eyes, heads, moved, points, plates), morph)
        alpha = alpha * (1 - whites * white)
        return Outputs(rgb, alpha.clamp(0, 1), code, mesh)

    def _in_usual_light(self, person: int, code: Tensor, eyes: Eyes) -> Tensor:
        """A person's skin as that person's footage mostly shows it."""
        decoder = cast(Decoder, self.decoders[person])
        mean, spread = decoder.usual[:, :, None, None]
        shown: Tensor = self.irises[person](decoder(code), eyes) * spread + mean
        return shown

    def _light(self, small: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """How bright and contrasty each colour of plain skin is, (n, 3, 1, 1) each."""
        return moments(small, seen * self.skin)

    def _code(
        self, small: Tensor, seen: Tensor, heads: Heads, points: Float64, builds: Sequence[Build]
    ) -> Tensor:
        directions = self.directions.cpu().numpy()
        told = torch.tensor(numbers_of(heads, points, builds, directions), device=small.device)
        return torch.cat([told, self.encoder(small, seen)], 1)

    def _seen(self, heads: Heads, points: Float64) -> Tensor:
        shown = torch.tensor(facing(heads, points, SEEN_PX), device=self.rest.device)
        return shown[:, None] * self.reach

    def _eyes(self, heads: Heads, points: Float64, builds: Sequence[Build]) -> Eyes:
        return eyes_of(heads, points, builds, self.crop.output_px, self.rest.device)

    def lashes(self, crops: Tensor, rgb: Tensor, told: Mapping[str, Tensor]) -> Tensor:
        """(n, 1, t, t) 1 where the plate's own lashes are between shut lids, 0 elsewhere.

        Args:
            crops: (n, 3, 64, 64) textures of the plate.
            rgb: (n, 3, t, t) the new skin.
            told: "mesh" and "build", see `Batch`.
        """
        heads, points = heads_told(told)
        plates = [_build_from(one) for one in in_double(told["build"])]
        return self._lashes(crops, rgb, self._seen(heads, points), points, plates)

    def _lashes(
        self,
        crops: Tensor,
        rgb: Tensor,
        seen: Tensor,
        points: Float64,
        plates: Sequence[Build],
    ) -> Tensor:
        open_ = np.stack([b.openness(p[None])[0] for b, p in zip(plates, points, strict=True)])
        shut = torch.tensor(shut_share(open_), dtype=torch.float32, device=self.rest.device)
        between = torch.einsum("nk,kij->nij", shut, self.eyes)[:, None]
        return between * darker(crops, rgb, seen * self.skin)

    def white(self, to: str, mesh: Float64, told: Mapping[str, Tensor]) -> Tensor:
        """(n, 1, t, t) 1 where the plate's own white of an open eye is, 0 elsewhere.

        Args:
            to: whose face goes in.
            mesh: (n, 514, 3) where it is drawn, in the crop.
            told: "mesh" and "build", see `Batch`.
        """
        heads, points = heads_told(told)
        moved = heads.canonical(mesh[:, :N_MESH_WITH_IRISES])
        number = self.number_of(to)
        plates = [_build_from(one) for one in in_double(told["build"])]
        eyes = self._eyes(heads, moved, [self._build(number)] * len(moved))
        return self._white(number, eyes, heads, moved, points, plates)

    def _white(
        self,
        number: int,
        eyes: Eyes,
        heads: Heads,
        moved: Float64,
        points: Float64,
        plates: Sequence[Build],
    ) -> Tensor:
        # the plate's irises are covered too, where they look out beside the new ones
        both = np.concatenate([moved[:, :N_MESH], points[:, N_MESH:]], 1)
        size, irises = self.crop.output_px, cast(Irises, self.irises[number])
        theirs = irises.plane(self._eyes(heads, both, plates), size)
        iris = torch.maximum(irises.plane(eyes, size), theirs)
        awake = ((eyes.open - _PARTED) / (_AWAKE - _PARTED)).clamp(0, 1)
        return torch.einsum("nk,kij->nij", awake, self.eyes)[:, None] * (1 - iris)

    def _small(self, textures: Tensor) -> Tensor:
        return F.interpolate(textures, (SEEN_PX, SEEN_PX), mode="area")

    def _build(self, person: int) -> Build:
        return Build(in_double(self.rest[person]), *in_double(self.lids[person]))


def _build_from(row: Float64) -> Build:
    """The build behind a signal "build"."""
    return Build(row[:N_MESH_WITH_IRISES], *row[N_MESH_WITH_IRISES:, :2])


def _between(one: Build, other: Build, share: float) -> Build:
    return Build(
        (1 - share) * one.rest + share * other.rest,
        (1 - share) * one.open_lids + share * other.open_lids,
        (1 - share) * one.shut_lids + share * other.shut_lids,
    )
