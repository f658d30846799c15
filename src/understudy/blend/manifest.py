"""The colour matchers that come with Understudy."""

from understudy.plugin import Plugin

PLUGINS = (
    Plugin(
        kind="blend",
        name="reinhard",
        target="understudy.blend.reinhard:Reinhard",
        summary="mean and spread of each LAB channel inside the mask (Reinhard et al. 2001)",
    ),
    Plugin(
        kind="blend",
        name="none",
        target="understudy.blend.unmatched:Unmatched",
        summary="leaves the model's colours as they are",
    ),
)
