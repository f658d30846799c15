"""The colour matchers that come with Understudy."""

from understudy.plugin import Plugin

PLUGINS = (
    Plugin(
        kind="colour",
        name="skin",
        target="understudy.colour.reinhard:Skin",
        summary="mean and contrast inside the mask, and how colourful skin is (the default)",
    ),
    Plugin(
        kind="colour",
        name="reinhard",
        target="understudy.colour.reinhard:Reinhard",
        summary="mean and spread of each LAB channel inside the mask (Reinhard et al. 2001)",
    ),
    Plugin(
        kind="colour",
        name="average",
        target="understudy.colour.reinhard:Average",
        summary="mean colour inside the mask; contrast and saturation stay the model's",
    ),
    Plugin(
        kind="colour",
        name="linear",
        target="understudy.colour.linear:Linear",
        summary="mean and covariance in LAB (Monge-Kantorovich, Pitie and Kokaram 2007)",
    ),
    Plugin(
        kind="colour",
        name="histogram",
        target="understudy.colour.histogram:Histogram",
        summary="histogram of each LAB channel; takes the plate's make-up and beard along",
    ),
    Plugin(
        kind="colour",
        name="idt",
        target="understudy.colour.idt:Idt",
        summary="the whole cloud of colours (Pitie et al. 2007); may exaggerate",
    ),
    Plugin(
        kind="colour",
        name="seamless",
        target="understudy.colour.fields:Seamless",
        summary="meets the plate at the mask's edge (Poisson, Perez et al. 2003)",
    ),
    Plugin(
        kind="colour",
        name="local",
        target="understudy.colour.fields:Local",
        options="understudy.colour.options:LocalOptions",
        summary="broad light and shade of the plate, part by part; behind another matcher",
    ),
    Plugin(
        kind="colour",
        name="manual",
        target="understudy.colour.manual:Manual",
        options="understudy.colour.options:ManualOptions",
        summary="exposure, temperature, saturation and contrast set by hand",
    ),
    Plugin(
        kind="colour",
        name="none",
        target="understudy.colour.unmatched:Unmatched",
        summary="leaves the model's colours as they are",
    ),
)
