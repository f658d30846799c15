"""Plug-ins: their records, the registry, and how installed ones are found."""

from understudy.plugin.find import ENTRY_POINT_GROUP, VARIABLE, PassedOver, find
from understudy.plugin.record import KINDS, MEDIAPIPE_WHEEL, Plugin, Weights, Wheel
from understudy.plugin.registry import Registry, default_registry

__all__ = [
    "ENTRY_POINT_GROUP",
    "KINDS",
    "MEDIAPIPE_WHEEL",
    "VARIABLE",
    "PassedOver",
    "Plugin",
    "Registry",
    "Weights",
    "Wheel",
    "default_registry",
    "find",
]
