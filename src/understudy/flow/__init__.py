"""The one place with threads: progress, cancelling, and bounded work ahead."""

from understudy.flow.progress import Progress, Silent, Task
from understudy.flow.pump import ahead, mapped

__all__ = ["Progress", "Silent", "Task", "ahead", "mapped"]
