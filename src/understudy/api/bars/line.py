"""How a bar looks: its numbers and the time left stay, however narrow the terminal is.

Rich lays the parts of a bar out as columns of a table, and takes the room that is lacking from the
widest: the numbers are gone first. Here the bar itself gives way, then the name, and what the work
says of itself goes to a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.progress import Progress, Task
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from understudy.flow.progress import clock, time_words

_WIDEST, _NARROWEST = 24, 6
_SHORTEST_NAME = 10


class Bars(Progress):
    """Rich's bars, each as one line that fits, and a second one for a long note."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """What is drawn at each refresh."""
        yield from (_Line(task) for task in self.tasks if task.visible)


class _Line:
    def __init__(self, task: Task) -> None:
        self._task = task

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        task, width = self._task, options.max_width
        numbers, at = _numbers(task), _time(task)
        name = Text(task.description, no_wrap=True)
        fixed = numbers.cell_len + at.cell_len + 3  # a space between two parts
        bar = max(_NARROWEST, min(_WIDEST, width - fixed - name.cell_len))
        room = width - fixed - bar
        if room < _SHORTEST_NAME:  # rather a name than a bar
            bar, room = 0, width - fixed + 1
        name.truncate(max(1, room), overflow="ellipsis")
        line = Table.grid(padding=(0, 1))
        drawn = [ProgressBar(task.total, task.completed, bar, pulse=task.total is None)]
        note = Text(task.fields["note"], style="dim")
        used = fixed + name.cell_len + bar
        beside = [note] if note and used + 1 + note.cell_len <= width else []
        line.add_row(name, *(drawn if bar else []), numbers, at, *beside)
        yield line
        if note and not beside:
            yield Padding(note, (0, 0, 0, 2))


def _numbers(task: Task) -> Text:
    unit = f" {task.fields['unit']}" if task.fields["unit"] else ""
    if task.total is None:
        return Text(f"{task.completed:.0f}{unit}", style="progress.download")
    total = f"{task.total:.0f}"
    # The width of the whole stays, so that what stands behind does not jump.
    done = f"{int(task.completed):{len(total)}}/{total}{unit}"
    return Text(f"{task.percentage:3.0f}% {done}", style="progress.download")


def _time(task: Task) -> Text:
    gone_s = task.elapsed or 0.0
    if task.time_remaining is not None and not task.finished:
        words = f"{clock(gone_s)}, {clock(task.time_remaining)} left"
    else:
        words = time_words(0, None, gone_s, over=task.finished)
    return Text(words, style="progress.elapsed")
