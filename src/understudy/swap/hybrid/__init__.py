"""The drawn face of `mesh`, gone over by a net: for a GPU, at 256 to 512 px. Experimental.

What `mesh` draws is right in place and soft in detail, and everything off the surface (lashes,
teeth, the shadow of hair) it cannot draw. So what it draws is the input of a net in the crop,
which has seen each person's drawn face beside that person's filmed one and learnt what is missing.
Nobody has to be seen as anybody else for that: in training a person's own skin is drawn on that
person's own mesh, in a conversion on the plate's mesh in that person's build.

The net must not trust the drawing more in training than it may in a conversion. Therefore meshes
are shaken and skins softened while it learns, and it sees colours with the light taken out.

Source: J. Thies, M. Zollhöfer, M. Nießner, "Deferred Neural Rendering", 2019, for a learnt texture
that is drawn beside the colours; H. Kim et al., "Deep Video Portraits", 2018, for a net that goes
over a rendering.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from understudy.geometry.facemesh.surface import seen, with_ring
from understudy.nn.augment import generator_for
from understudy.nn.losses import masked_means, paste, pyramid_map
from understudy.nn.optimizers import adam
from understudy.swap import Batch, Crop, Knob, Needs, Outputs, ParameterGroup, Recipe
from understudy.swap.hybrid.drawing import Places, places_of, shaken, softened, unwrapped
from understudy.swap.hybrid.nets import Critic, Head, Trunk
from understudy.swap.mesh import CODE, Mesh
from understudy.swap.mesh.parts import SEEN_PX, moments
from understudy.swap.mesh.told import heads_told, in_double, require_told
from understudy.swap.options import HybridOptions, MeshOptions
from understudy.swap.standard import GROUP, StandardModel, refuse_aimless

CRITIC = "critic"
_SHAKEN_CM = 0.06
"""How far meshes are bent in training: the mesh nets' own error is about as large."""
_GAIN = 10.0
"""Of the learnt texture: Adam moves a number by the learning rate a step, and a texel that is to
say something beside colours of unit spread would need a thousand steps to."""
_EDGE = 0.02
"""How near to 0 and 1 a matte may start, so that it can still learn to leave them."""


class Hybrid(StandardModel):
    """A crop in, 64 to 512 px, and the same crop out."""

    instant = True
    # what it sees is drawn
    needs = Needs(input=False, signals=("mesh",), of_plate=("build",))
    knobs: Mapping[str, Knob] = Mesh.knobs

    def __init__(self, options: HybridOptions | None, persons: Sequence[str]) -> None:
        super().__init__(persons)
        chosen = options or HybridOptions()
        size, count = chosen.crop_px, len(self.persons)
        self.crop = Crop(size, size, centering="face", coverage=0.9)
        self.recipe = Recipe(
            learning_rate=1e-3,
            betas=(0.9, 0.99),
            warm_up=10,
            level=1000,
            ema=0.999,
            dssim=1.0,
            dssim_stride=max(2, size // 64),
            mae=2.0,
            gradient=1.0,
            batch=4 if size <= 128 else 8,
            # a mirrored face is not this person's: moles, partings and crooked smiles have sides
            flip=0.0,
        )
        self.texture_px = int(chosen.texture_px)
        self.base = Mesh(MeshOptions(chosen.texture_px, chosen.components), persons)
        self.trained_skin = chosen.skin == "trained"
        self.base.requires_grad_(self.trained_skin)
        # finer than half of the drawn skin a learnt texture is mostly noise: each texel is seen
        # by a few pixels of a few faces
        fine = self.texture_px // 2
        self.features = nn.Parameter(torch.zeros(count, chosen.features, fine, fine))
        self.who = nn.Parameter(torch.zeros(count, CODE))
        inputs = 3 + 1 + 1 + 2 + chosen.features
        self.trunk = Trunk(inputs, size, CODE, chosen.width, chosen.depth, chosen.block)
        self.heads = nn.ModuleList(Head(chosen.width) for _ in range(count))
        self.detail, self.adversarial = chosen.detail, chosen.adversarial
        self.critic = Critic() if chosen.adversarial else None

    def init_from(self, batches: Sequence[Batch]) -> None:
        """Fit the drawn skin in closed form; the net has nothing to add yet."""
        told = []
        for batch in batches:
            heads, points = heads_told(batch.signals)
            at = heads.picture(with_ring(points))
            facing = torch.tensor(seen(heads, points, self.texture_px))[:, None]
            weight = unwrapped(batch.planes["weight"], at, self.texture_px)
            planes = {
                "rgb": unwrapped(batch.planes["rgb"], at, self.texture_px),
                "weight": weight * facing.to(weight.device),
            }
            told.append(Batch(planes, batch.persons, batch.signals))
        self.base.init_from(told)

    def forward(self, batch: Batch) -> Outputs:
        """Each face as its own person: drawn a little wrong, and gone over."""
        generator = generator_for(batch.chance)
        heads, points = heads_told(batch.signals)
        with torch.set_grad_enabled(self.trained_skin and torch.is_grad_enabled()):
            at = heads.picture(with_ring(points))
            textures = unwrapped(batch.planes["rgb"], at, self.texture_px)
            skin = self.base(Batch({"rgb": textures}, batch.persons, batch.signals))
        bent = heads.picture(with_ring(shaken(points, generator, _SHAKEN_CM)))
        places = places_of(bent, self.crop.output_px, textures.device)
        shown = places.of(softened(skin.rgb, generator))
        clear = self.base.clear[list(batch.persons)][:, None]
        matte = places.of(self.base.matte * clear)
        rgb, alpha = self._gone_over(shown, matte, places, skin.code, batch.blocks())
        return Outputs(rgb, alpha, skin.code)

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
        """Faces of anybody, performed by one person; arguments as `Mesh.convert` has them.

        Args:
            crops: (n, 3, s, s).
            to: whose face.
            signals: "mesh" and "build", see `Batch`.
            morph: share of the other person's shape, skin and detail, 0..1.
            toward: the other person.
            shape: share of the new person's build, 0..1.
            light: share of the plate's light, 0..1.
            mouth: share of the plate's own mouth between the lips, 0..1.
            lids: share of the plate's own lashes between lids that are shut, 0..1.
            whites: share of the plate's own white around the new irises, 0..1.
            outline: how far cheeks and jaw go out to the new person's, 0..1.

        Raises:
            ValueRefused: an unknown person, a morph toward nobody, or a signal is missing.
        """
        told = require_told(signals)
        refuse_aimless(morph, toward)
        heads, points = heads_told(told)
        textures = unwrapped(crops, heads.picture(with_ring(points)), self.texture_px)
        small = F.interpolate(textures, (SEEN_PX, SEEN_PX), mode="area")
        made = self.base.convert(
            small,
            to,
            told,
            morph=morph,
            toward=toward,
            shape=shape,
            light=light,
            mouth=0.0,
            lids=0.0,
            whites=0.0,
            outline=outline,
        )
        drawn = in_double(cast(Tensor, made.mesh))
        places = places_of(drawn, self.crop.output_px, small.device)
        shown, matte = places.of(made.rgb), places.of(cast(Tensor, made.alpha))
        code, every = cast(Tensor, made.code), slice(0, len(crops))
        number = self.number_of(to)
        rgb, alpha = self._gone_over(shown, matte, places, code, [(number, every)])
        if morph and toward is not None:
            block = (self.number_of(toward), every)
            other = self._gone_over(shown, matte, places, code, [block])
            rgb, alpha = torch.lerp(rgb, other[0], morph), torch.lerp(alpha, other[1], morph)
        inside = places.of(self.base.inside.expand(len(crops), -1, -1, -1))
        lashes = places.of(self.base.lashes(small, made.rgb, told))
        white = self.base.white(to, drawn, told)
        if morph and toward is not None:
            white = torch.lerp(white, self.base.white(toward, drawn, told), morph)
        white = places.of(white)
        alpha = alpha * (1 - mouth * inside) * (1 - lids * lashes) * (1 - whites * white)
        return Outputs(rgb, alpha.clamp(0, 1), code)

    def _gone_over(
        self,
        shown: Tensor,
        matte: Tensor,
        places: Places,
        code: Tensor,
        blocks: Sequence[tuple[int, slice]],
    ) -> tuple[Tensor, Tensor]:
        """Drawn faces (n, 3, s, s) and their mattes, as the net has them."""
        mean, spread = moments(shown, matte)
        # beyond the surface there is plain skin to begin with, and no black edge to be undone
        shown = shown + mean * (1 - places.drawn)
        features = [
            places[place].of(
                (_GAIN * self.features[person]).expand(place.stop - place.start, -1, -1, -1)
            )
            for person, place in blocks
        ]
        whose = torch.cat([code[place] + self.who[person] for person, place in blocks])
        told = [(shown - mean) / spread, matte, places.drawn, places.grid.permute(0, 3, 1, 2)]
        found = self.trunk(torch.cat([*told, torch.cat(features)], 1), whose)
        change = torch.cat([self.heads[person](found[place]) for person, place in blocks]).float()
        # in units of the face's own contrast, so that a dim plate gets dim detail
        rgb = shown + spread * change[:, :3]
        begun = torch.logit(_EDGE + (1 - 2 * _EDGE) * matte.clamp(0, 1))
        alpha = (torch.sigmoid(begun + change[:, 3:]) - _EDGE) / (1 - 2 * _EDGE)
        return rgb, alpha.clamp(0, 1)

    def groups(self) -> Sequence[ParameterGroup]:
        """The net, and the critic where there is one."""
        made = [
            parameter
            for name, parameter in self.named_parameters()
            if parameter.requires_grad and parameter.numel() and not name.startswith("critic.")
        ]
        groups = [ParameterGroup(GROUP, made, adam(self.recipe.betas, self.recipe.epsilon))]
        if self.critic is not None:
            judging = list(self.critic.parameters())
            groups.append(ParameterGroup(CRITIC, judging, adam((0.5, 0.99), 1e-7), rate=0.2))
        return groups

    def loss(self, outputs: Outputs, batch: Batch, group: str) -> Mapping[str, Tensor]:
        """Pixels, edges, structure, octaves of detail and the matte; the critic's, where it is.

        Source: hinge loss after J. H. Lim, J. C. Ye, "Geometric GAN", 2017.
        """
        target, weight = batch.planes["rgb"], batch.planes["weight"]
        within = weight.clamp_max(1)
        pasted = paste(outputs.rgb, target, within)
        if group == CRITIC and self.critic is not None:
            made, filmed = self.critic(pasted.detach()), self.critic(target)
            return {"critic": (F.relu(1 + made) + F.relu(1 - filmed)).mean((1, 2, 3))}
        terms = dict(super().loss(outputs, batch, group))
        terms["detail"] = self.detail * masked_means(pyramid_map(pasted, target), weight)
        # how far the mask reaches that the person chose to train with is how far the face does
        alpha = cast(Tensor, outputs.alpha)
        terms["matte"] = 0.5 * (alpha - within).abs().mean((1, 2, 3))
        if self.critic is not None:
            terms["judged"] = -self.adversarial * self.critic(pasted).mean((1, 2, 3))
        return terms
