"""The one way to a `Composer`: what a trial, a score or a sheet shows is what a film would show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from understudy.geometry.facemesh.build import Build
from understudy.media.colour.plate import Ground
from understudy.plugin import Registry
from understudy.stages.convert.compose import Composer
from understudy.stages.convert.matching import matcher_of
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.faces.casting import Part
from understudy.swap import read_knobs
from understudy.swap.loading import Swapper


def composer_for(
    options: ConvertOptions,
    swapper: Swapper,
    registry: Registry,
    builds: Callable[[], Mapping[Part, Build]],
    knobs: Mapping[str, Any] | None = None,
    ground: Ground | None = None,
) -> Composer:
    """What makes faces with a model and pastes them as the options say.

    Args:
        options: of the conversion.
        swapper: the model.
        registry: of colour matchers.
        builds: measures the build of everybody who is replaced; called where the model asks for it.
        knobs: values for what the model lets one choose, which go before what the options say.
        ground: what code values of the frames show; None where they are Rec.709.

    Raises:
        PluginError, ValueRefused: no such matcher or knob.
        ValueRefused: a face has no mesh, of a model that asks for builds.
    """
    turned = read_knobs(swapper, options.knob, knobs)
    matcher = matcher_of(registry, options)
    measured = builds() if "build" in swapper.needs.of_plate else {}
    return Composer(options, swapper, matcher, turned, measured, ground)
