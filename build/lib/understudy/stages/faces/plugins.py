"""What stages say of the plug-ins they use, and what stands in where weights cannot be had."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.backends.device import unsaid
from understudy.flow import Progress
from understudy.plugin import Plugin, Registry

PREFERRED = {"detector": ("mediapipe", "mtcnn"), "aligner": ("mediapipe", "dlib68")}
"""What `auto` takes: the first, or where its weights cannot be had, the last resort."""


def helpers_of(masks: Sequence[str], parser: str, registry: Registry) -> tuple[Plugin, ...]:
    """The plug-ins whose weights the chosen masks use beside their own."""
    if "occlusion" not in masks or parser == "none":
        return ()
    return (registry.get("mask", parser),)


def say_licences(plugins: list[Plugin], progress: Progress) -> None:
    """Tell which weights are used and which may not be used commercially."""
    names = ", ".join(f"{p.kind} {p.name}" for p in plugins)
    barred = [w for p in plugins for w in p.weights if not w.commercial_use]
    progress.say(f"using {names}")
    if barred:
        progress.warn(
            "; ".join(f"{w.name}: {w.license}, no commercial use" for w in barred),
            code="no-commercial-use",
            weights=[w.name for w in barred],
        )


def say_devices(progress: Progress) -> None:
    """Tell where nets lie that are not PyTorch's; called when plug-ins were built."""
    fresh = unsaid()
    if fresh:
        progress.say("nets: " + ", ".join(placed.words for placed in fresh))
    for placed in fresh:
        if placed.instead_of:
            progress.warn(
                f"{placed.instead_of} was chosen, but {placed.words}",
                code="cpu-instead",
                runtime=placed.runtime,
                wanted=placed.instead_of,
                device=placed.device,
                reason=placed.reason,
            )
