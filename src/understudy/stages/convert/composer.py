"""The one way to a `Composer`: what a trial, a score or a sheet shows is what a film would show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from understudy.geometry.facemesh.build import Build
from understudy.media.colour.plate import Ground
from understudy.plugin import Registry
from understudy.stages.convert.compose import Composer
from understudy.stages.convert.keyed.composer import KeyedComposer
from understudy.stages.convert.keyed.keys import Keys
from understudy.stages.convert.look.enhancing import Enhancing, enhancers_of
from understudy.stages.convert.look.matching import matcher_of
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.faces.casting import Part
from understudy.swap import read_knobs
from understudy.swap.loading import Swapper

AnyComposer = Composer | KeyedComposer


def composer_for(
    options: ConvertOptions,
    swapper: Swapper,
    registry: Registry,
    builds: Callable[[], Mapping[Part, Build]],
    knobs: Mapping[str, Any] | None = None,
    ground: Ground | None = None,
    shots: Callable[[], Sequence[int]] | None = None,
) -> AnyComposer:
    """What makes faces with a model and pastes them as the options say.

    Args:
        options: of the conversion.
        swapper: the model.
        registry: of colour matchers and enhancers.
        builds: measures the build of everybody who is replaced; called where the model asks for it.
        knobs: values for what the model lets one choose, which go before what the options say.
        ground: what code values of the frames show; None where they are Rec.709.
        shots: gives the first frame of each shot of the film, for settings that change with them.

    Raises:
        PluginError, ValueRefused: no such matcher, enhancer, knob, or setting over time.
        WeightsError: those of an enhancer are not here.
        ValueRefused: a face has no mesh, of a model that asks for builds.
    """
    enhancers = enhancers_of(registry, options)
    measured = builds() if "build" in swapper.needs.of_plate else {}

    def build(chosen: ConvertOptions) -> Composer:
        # values that were given go before what is said, but not before what is said of a frame
        moving = {words.partition("=")[0] for words in chosen.knob[len(options.knob) :]}
        given = {name: value for name, value in (knobs or {}).items() if name not in moving}
        turned = read_knobs(swapper, chosen.knob, given)
        matcher = matcher_of(registry, chosen)
        enhancing = Enhancing(enhancers, chosen.enhance_strength)
        return Composer(chosen, swapper, matcher, turned, measured, ground, enhancing)

    if not options.keys:
        return build(options)
    return KeyedComposer(options, Keys(options.keys, shots), build)
