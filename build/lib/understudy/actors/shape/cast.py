"""The two actors, and what an actor is made of: numbers for shape, skin, hair and clothes.

Nobody sat for them. Every number is made up, and chosen so that the two differ in what the inner
face shows (features, brows, marks of the skin), because that is all that a swap carries over.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RGB = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a head departs from the average. Lengths are mm, ratios multiply the average."""

    face_width: float = 1.0
    face_length: float = 1.0
    eye_spacing: float = 0.0
    eye_size: float = 1.0
    eye_open: float = 9.0
    eye_tilt: float = 0.0
    eye_depth: float = 0.0
    lid_fold: float = 1.0
    brow_height: float = 0.0
    brow_ridge: float = 3.0
    nose_length: float = 0.0
    nose_width: float = 1.0
    nose_height: float = 1.0
    nose_hump: float = 0.0
    nose_tip: float = 2.0
    nose_lift: float = 0.0
    mouth_width: float = 1.0
    mouth_shift: float = 0.0
    lip_upper: float = 6.5
    lip_lower: float = 9.0
    lip_bulge: float = 1.0
    jaw_width: float = 0.0
    chin_width: float = 0.0
    chin_length: float = 0.0
    chin_depth: float = 0.0
    cheekbone: float = 3.0
    cheek_fill: float = 0.0
    forehead: float = 0.0
    neck_width: float = 1.0


@dataclass(frozen=True, slots=True)
class Skin:
    """Colours are sRGB 0..1; strengths 0..1 unless said otherwise."""

    tone: RGB = (0.80, 0.61, 0.51)
    lips: RGB = (0.70, 0.40, 0.38)
    blush: float = 0.4
    freckles: float = 0.0
    blotches: float = 0.5
    stubble: float = 0.0
    moles: tuple[tuple[float, float, float], ...] = ()
    wrinkles: float = 0.3
    shine: float = 0.5
    liner: float = 0.0


@dataclass(frozen=True, slots=True)
class Hair:
    """Head hair and brows. `style` is "short" or "bob"; brow lengths are millimetres."""

    style: str = "short"
    colour: RGB = (0.16, 0.10, 0.07)
    tips: RGB = (0.27, 0.18, 0.12)
    brow_colour: RGB = (0.14, 0.09, 0.06)
    brow_thickness: float = 7.0
    brow_arch: float = 3.0
    brow_tilt: float = 0.0
    brow_density: float = 0.8
    parting: float = 0.35


@dataclass(frozen=True, slots=True)
class Scene:
    """What surrounds the head: iris apart, nothing here is carried over by a swap."""

    cloth: RGB = (0.20, 0.27, 0.36)
    collar: str = "crew"
    wall: RGB = (0.42, 0.44, 0.46)
    accent: RGB = (0.75, 0.55, 0.32)


@dataclass(frozen=True, slots=True)
class Actor:
    """One person who does not exist.

    Attributes:
        name: identifier, also the seed of everything random about the actor.
        shape, skin, hair, scene: the parts.
        iris: sRGB colour of the iris.
    """

    name: str
    shape: Shape = field(default_factory=Shape)
    skin: Skin = field(default_factory=Skin)
    hair: Hair = field(default_factory=Hair)
    scene: Scene = field(default_factory=Scene)
    iris: RGB = (0.30, 0.20, 0.12)


ACTORS: dict[str, Actor] = {
    "actor_a": Actor(
        "actor_a",
        Shape(
            face_width=1.02,
            eye_size=0.94,
            eye_open=8.2,
            eye_tilt=-1.5,
            eye_depth=2.0,
            lid_fold=1.5,
            brow_height=-2.5,
            brow_ridge=4.5,
            nose_length=3.0,
            nose_width=1.14,
            nose_height=1.08,
            nose_hump=2.2,
            nose_tip=3.0,
            mouth_width=1.05,
            mouth_shift=-1.5,
            lip_upper=4.8,
            lip_lower=7.2,
            lip_bulge=0.85,
            jaw_width=4.0,
            chin_width=5.0,
            chin_length=4.0,
            chin_depth=2.5,
            cheekbone=2.0,
            cheek_fill=-1.5,
            neck_width=0.96,
        ),
        Skin(
            tone=(0.76, 0.585, 0.48),
            lips=(0.64, 0.42, 0.38),
            blush=0.35,
            blotches=0.55,
            stubble=0.55,
            wrinkles=0.8,
            shine=0.6,
            moles=((28.0, -36.0, 1.2), (-38.0, 8.0, 0.9)),
        ),
        Hair(
            brow_colour=(0.21, 0.15, 0.11),
            brow_thickness=9.0,
            brow_arch=0.5,
            brow_tilt=1.0,
            brow_density=0.95,
        ),
        Scene(),
        iris=(0.33, 0.22, 0.13),
    ),
    "actor_b": Actor(
        "actor_b",
        Shape(
            face_width=0.95,
            eye_spacing=0.8,
            eye_size=1.12,
            eye_open=9.2,
            eye_tilt=3.5,
            eye_depth=-1.5,
            lid_fold=0.7,
            brow_height=-1.0,
            brow_ridge=1.2,
            nose_length=-2.0,
            nose_width=0.86,
            nose_height=0.88,
            nose_hump=-1.0,
            nose_tip=1.6,
            nose_lift=2.0,
            mouth_width=0.95,
            mouth_shift=3.5,
            lip_upper=7.8,
            lip_lower=10.4,
            lip_bulge=1.2,
            jaw_width=-5.0,
            chin_width=-4.0,
            chin_length=-4.0,
            chin_depth=0.5,
            cheekbone=4.2,
            cheek_fill=1.5,
            forehead=1.5,
            neck_width=0.84,
        ),
        Skin(
            tone=(0.84, 0.665, 0.58),
            lips=(0.72, 0.36, 0.37),
            blush=0.5,
            freckles=0.75,
            blotches=0.35,
            wrinkles=0.0,
            shine=0.5,
            liner=0.8,
            moles=((-17.0, -58.0, 0.9),),
        ),
        Hair(
            "bob",
            (0.36, 0.17, 0.09),
            (0.55, 0.29, 0.15),
            brow_colour=(0.36, 0.21, 0.13),
            brow_thickness=5.0,
            brow_arch=3.2,
            brow_tilt=1.0,
            brow_density=0.8,
        ),
        Scene(cloth=(0.45, 0.50, 0.40), wall=(0.50, 0.46, 0.42), accent=(0.35, 0.52, 0.55)),
        iris=(0.30, 0.42, 0.38),
    ),
}
