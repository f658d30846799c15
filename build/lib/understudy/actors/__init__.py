"""Two people who do not exist: heads in 3-D that act a script, and the true swap of their faces.

performance = Performance(seed=1, n_frames=200, fps=Fraction(25))
shot = render(ACTORS["actor_a"], performance, 12)
truth = render(ACTORS["actor_a"], performance, 12, face_of=ACTORS["actor_b"])
"""

from understudy.actors.performance import Expression, Light, Moment, Performance, Pose
from understudy.actors.shape.cast import ACTORS, Actor
from understudy.actors.shot import Shot, portraits, render, render_clip

__all__ = [
    "ACTORS",
    "Actor",
    "Expression",
    "Light",
    "Moment",
    "Performance",
    "Pose",
    "Shot",
    "portraits",
    "render",
    "render_clip",
]
