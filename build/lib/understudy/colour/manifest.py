"""The colour matchers that come with Understudy."""

from understudy.plugin import Plugin

PLUGINS = (
    Plugin(
        kind="colour",
        name="reinhard",
        target="understudy.colour.reinhard:Reinhard",
        summary="mean and spread of each LAB channel inside the mask (Reinhard et al. 2001)",
    ),
    Plugin(
        kind="colour",
        name="none",
        target="understudy.colour.unmatched:Unmatched",
        summary="leaves the model's colours as they are",
    ),
)
