"""The one place with threads: progress, cancelling, and bounded work ahead."""

from understudy.flow.beside import Beside
from understudy.flow.progress import Progress, Reporter, Silent, Task
from understudy.flow.pump import ahead, mapped
from understudy.flow.sinks import JsonLines, TextLog, Throttled

__all__ = [
    "Beside",
    "JsonLines",
    "Progress",
    "Reporter",
    "Silent",
    "Task",
    "TextLog",
    "Throttled",
    "ahead",
    "mapped",
]
