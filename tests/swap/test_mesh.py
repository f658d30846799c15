"""The mesh-driven model: what it tells of a face, what stands before training, how it is drawn."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from understudy.errors import ValueRefused
from understudy.geometry.facemesh import fit_heads
from understudy.geometry.facemesh.build import LIPS, lid_gaps, mouth_gap
from understudy.swap import Batch
from understudy.swap.mesh import CODE, Mesh
from understudy.swap.mesh.irises import DISC_PX, EXTENT, Eyes, Irises, eyes_of
from understudy.swap.mesh.numbers import builds_of, directions_of, heads_of, numbers_of
from understudy.swap.mesh.parts import filled, known, lit_as, without_hair, without_wall
from understudy.swap.mesh.reach import border, cheeks, eyes, matte, mouth, skin
from understudy.swap.options import MeshOptions
from understudy.testing.meshes import acting

SIZE = 128


def mesh(
    lids: float = 1.0, mouth_cm: float = 0.05, look: float = 0.0, yaw: float = 0.0
) -> np.ndarray:
    """(478, 3) a canonical face that does something, as a crop shows it."""
    points = acting(lids, mouth_cm, look)
    turn = np.radians(yaw)
    spin = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return points @ spin.T * (0.08, -0.08, -0.08)


def performance(count: int, seed: int) -> np.ndarray:
    """(n, 478, 3) a person who looks about, blinks and speaks."""
    rng = np.random.default_rng(seed)
    return np.stack(
        [
            mesh(rng.uniform(0, 1.1), rng.choice([0.05, 0.4, 1.2]), rng.uniform(-0.4, 0.4), yaw)
            for yaw in rng.uniform(-20, 20, count)
        ]
    )


def skins(meshes: np.ndarray, tone: tuple[float, float, float]) -> torch.Tensor:
    """(n, 3, SIZE, SIZE) skin with a tongue: the wider the mouth, the redder its inside."""
    _, points = heads_of(meshes)
    open_ = torch.tensor(mouth_gap(points), dtype=torch.float32)
    x = torch.linspace(0, 6.28, SIZE)
    base = 0.5 + 0.1 * torch.sin(3 * x)[None, :] * torch.cos(2 * x)[:, None]
    rgb = torch.stack([base * t for t in tone]).expand(len(meshes), -1, -1, -1).clone()
    inside = torch.tensor(skin(SIZE) < 0.01) & torch.tensor(matte(SIZE) > 0.9)
    rgb[:, 0] += inside * (0.3 * open_)[:, None, None]
    return rgb


def batch_of(person: int, count: int = 40) -> Batch:
    meshes = performance(count, person)
    rgb = skins(meshes, ((0.9, 0.7, 0.6), (0.6, 0.5, 0.45))[person])
    planes = {"rgb": rgb, "weight": torch.ones(count, 1, SIZE, SIZE)}
    signals = {"mesh": torch.tensor(meshes, dtype=torch.float32)}
    return Batch(planes, (person,) * count, signals)


@pytest.fixture(scope="module")
def begun() -> Mesh:
    torch.manual_seed(1)
    model = Mesh(MeshOptions(texture="128", components=8), ("ann", "bob")).eval()
    with torch.no_grad():
        model.init_from([batch_of(0), batch_of(1)])
    return model


def plate(meshes: np.ndarray) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    build = builds_of([performance(40, 0)])[0]
    row = np.concatenate([build.rest, [[*build.open_lids, 0.0], [*build.shut_lids, 0.0]]])
    small = torch.nn.functional.interpolate(skins(meshes, (0.9, 0.7, 0.6)), (64, 64), mode="area")
    signals = {
        "mesh": torch.tensor(meshes, dtype=torch.float32),
        "build": torch.tensor(row, dtype=torch.float32).expand(len(meshes), -1, -1),
    }
    return small, signals


def test_numbers_say_what_the_face_does_and_not_where_it_is() -> None:
    build = builds_of([performance(40, 0)])[0]
    told = directions_of([heads_of(performance(40, 0))[1]], [build])

    def numbers(one: np.ndarray) -> np.ndarray:
        return numbers_of(*heads_of(one[None]), [build], told)[0]

    open_eyed, shut = numbers(mesh(lids=1.0)), numbers(mesh(lids=0.0))
    assert (open_eyed[2:4] > shut[2:4] + 1.5).all()
    left, right = numbers(mesh(look=-0.3)), numbers(mesh(look=0.3))
    assert (right[[6, 8]] > left[[6, 8]] + 1).all()
    assert numbers(mesh(mouth_cm=1.5))[10] > numbers(mesh(mouth_cm=0.0))[10] + 2
    assert numbers(mesh(yaw=20))[1] > 1.2
    moved = mesh(lids=0.5) * 3 + np.array([0.4, -0.2, 0.0])
    np.testing.assert_allclose(numbers(moved), numbers(mesh(lids=0.5)), atol=1e-3)


def test_before_training_the_mouth_is_coloured_by_how_wide_it_is_open(begun) -> None:
    meshes = np.stack([mesh(mouth_cm=gap) for gap in (0.05, 0.4, 1.2)])
    crops, signals = plate(meshes)
    with torch.no_grad():
        shown = begun.convert(crops, "bob", signals, light=0.0)
    wanted = skins(meshes, (0.6, 0.5, 0.45))
    inside = torch.tensor(matte(SIZE) > 0.9)
    error = (shown.rgb - wanted).abs()[:, :, inside]
    assert error.mean() < 0.02
    ours = (crops.mean((2, 3)) - shown.rgb[:, :, inside].mean(2)).abs()
    assert ours.mean() > 0.05, "it is bob's skin, not ann's"


def test_the_performance_is_the_plates_to_the_lid(begun) -> None:
    meshes = np.stack([mesh(lids=0.0, mouth_cm=1.0, yaw=10), mesh(lids=1.0), mesh(yaw=-25)])
    crops, signals = plate(meshes)
    with torch.no_grad():
        drawn = begun.convert(crops, "bob", signals).mesh.double().numpy()
    heads = fit_heads(drawn)
    np.testing.assert_allclose(heads.pitch_yaw_roll_deg[:, 1], [10, 0, -25], atol=1.5)
    points = heads.canonical(drawn)
    gaps = lid_gaps(points).mean(1)
    assert gaps[0] < 0.02 < 0.15 < gaps[1]
    np.testing.assert_allclose(mouth_gap(points), [1.0, 0.05, 0.05], atol=0.05)


def test_morph_and_shape_go_all_the_way(begun) -> None:
    model = copy.deepcopy(begun)
    model.clear[0, : SIZE // 2] = 0  # ann's hair hangs into her forehead
    crops, signals = plate(mesh(mouth_cm=0.4)[None])
    with torch.no_grad():
        bob = model.convert(crops, "bob", signals)
        there = model.convert(crops, "ann", signals, morph=1.0, toward="bob")
        own = model.convert(crops, "bob", signals, shape=0.0)
    torch.testing.assert_close(there.rgb, bob.rgb)
    torch.testing.assert_close(there.mesh, bob.mesh)
    torch.testing.assert_close(there.alpha, bob.alpha)
    torch.testing.assert_close(own.mesh[:, :468], signals["mesh"][:, :468], atol=1e-4, rtol=0)


def test_what_is_missing_is_named(begun) -> None:
    crops, signals = plate(mesh()[None])
    with pytest.raises(ValueRefused, match="mesh and build"):
        begun.convert(crops, "bob", {"mesh": signals["mesh"]})
    with pytest.raises(ValueRefused, match="toward whom"):
        begun.convert(crops, "bob", signals, morph=0.5)


IRIS, WHITE, PUPIL = 0.3, 0.9, 0.05


def eyes_seen(count: int) -> tuple[np.ndarray, torch.Tensor]:
    """Meshes (n, 478, 3) and textures (n, 3, SIZE, SIZE) of eyes that look about.

    The irises are 1.2 radii wide, and where the mesh says they are but for a fifth of a radius.
    """
    rng = np.random.default_rng(5)
    looks = rng.uniform(-0.45, 0.45, count)
    meshes = np.stack(
        [mesh(look=look, yaw=yaw) for look, yaw in zip(looks, looks * 30, strict=True)]
    )
    eyes = looking(meshes)
    planes = torch.full((count, 3, SIZE * SIZE), 0.6)
    for texel, at in zip(eyes.texel, eyes.at, strict=True):
        off = torch.tensor(rng.uniform(-0.2, 0.2, (count, 1, 2)), dtype=torch.float32)
        radius = (at - off).norm(dim=-1)
        shade = torch.where(radius < 1.2, IRIS, WHITE)
        planes[:, :, texel] = torch.where(radius < 0.4, PUPIL, shade)[:, None]
    return meshes, planes.view(count, 3, SIZE, SIZE)


def looking(meshes: np.ndarray) -> Eyes:
    heads, points = heads_of(meshes)
    build = builds_of([meshes])[0]
    return eyes_of(heads, points, [build] * len(meshes), SIZE, torch.device("cpu"))


def test_an_iris_is_found_sharp_although_the_net_is_a_little_off() -> None:
    meshes, textures = eyes_seen(60)
    irises = Irises()
    irises.fit(looking(meshes), textures)
    centre = DISC_PX // 2
    for disc, end in zip(irises.discs.detach(), irises.ends, strict=True):
        assert disc[:, centre, centre].mean() == pytest.approx(PUPIL, abs=0.06)
        aside = centre + round(0.8 / EXTENT * DISC_PX / 2)
        assert disc[:, centre, aside].mean() == pytest.approx(IRIS, abs=0.08)
        assert end == pytest.approx(1.2, abs=0.1)


def test_irises_go_where_the_eyes_look_and_away_when_they_shut() -> None:
    meshes, textures = eyes_seen(60)
    irises = Irises()
    irises.fit(looking(meshes), textures)
    shut = np.stack([mesh(lids=0.05), mesh(look=0.4), mesh(look=-0.4)])
    white = torch.full((3, 3, SIZE, SIZE), WHITE)
    build = builds_of([meshes])[0]
    heads, points = heads_of(shut)
    eyes = eyes_of(heads, points, [build] * 3, SIZE, torch.device("cpu"))
    made = irises(white, eyes).detach()
    assert torch.equal(made[0], white[0]), "behind the lids there is nothing to see"
    dark = (WHITE - made[:, 0]).clamp_min(0)
    column = (dark * torch.arange(SIZE)).sum((1, 2)) / dark.sum((1, 2)).clamp_min(1e-6)
    assert column[1] > column[2] + 4, "texels to the picture's right"
    assert irises.plane(eyes, SIZE)[0].max() == 0
    with torch.autocast("cpu", torch.bfloat16):
        half = irises(white.to(torch.bfloat16), eyes)
    torch.testing.assert_close(half.detach(), made, atol=0.01, rtol=0)


def test_light_from_one_side_goes_over_and_an_open_mouth_is_no_shadow() -> None:
    even = torch.full((1, 3, SIZE, SIZE), 0.5)
    side = torch.linspace(0.6, 1.4, 64)
    plate_ = torch.full((1, 3, 64, 64), 0.5) * side
    plate_ = torch.where(torch.tensor(skin(64) < 0.01), 0.02, plate_)
    reach, seen = torch.tensor(skin(64))[None, None], torch.ones(1, 1, 64, 64)
    lit = lit_as(even, plate_, seen, reach, 1.0)[0, 0]
    row = lit[SIZE // 3]
    assert row[100] > 1.3 * row[28]
    mouth = lit[int(0.7 * SIZE), SIZE // 2]
    assert 0.4 < mouth < 0.6
    torch.testing.assert_close(lit_as(even, plate_, seen, reach, 0.0), even)


def test_texture_sizes_are_refused_or_built() -> None:
    with pytest.raises(ValueRefused, match="texture"):
        MeshOptions(texture="200")  # type: ignore[arg-type]
    model = Mesh(MeshOptions(texture="512", components=4), ("a", "b"))
    assert model.crop.output_px == 512
    with torch.no_grad():
        assert model.decoders[0](torch.zeros(1, CODE)).shape == (1, 3, 512, 512)


def test_between_the_lips_the_plate_stays_as_it_is(begun) -> None:
    crops, signals = plate(np.stack([mesh(mouth_cm=1.2), mesh(mouth_cm=0.05)]))
    inside = torch.tensor(mouth(SIZE) > 0.99)
    assert 0.003 < inside.float().mean() < 0.1
    lips = [v for pair in LIPS for v in pair] + [78, 308]
    with torch.no_grad():
        open_ = begun.convert(crops, "bob", signals)
        own = begun.convert(crops, "bob", signals, mouth=0.0)
    assert (open_.alpha[:, 0, inside] < 0.02).all()
    assert (own.alpha[:, 0, inside] == 1).all()
    # what shows through is in its place only if the lips are
    torch.testing.assert_close(open_.mesh[:, lips], signals["mesh"][:, lips], atol=1e-4, rtol=0)


def test_around_the_new_irises_the_plates_white_shows_and_never_its_irises(begun) -> None:
    crops, signals = plate(np.stack([mesh(look=0.4), mesh(lids=0.0), mesh()]))
    with torch.no_grad():
        shown = begun.convert(crops, "bob", signals)
        own = begun.convert(crops, "bob", signals, whites=0.0)
        drawn = shown.mesh.double().numpy()
        white = begun.white("bob", drawn, signals)
    torch.testing.assert_close(shown.rgb, own.rgb)
    torch.testing.assert_close(shown.alpha, own.alpha * (1 - white), atol=1e-3, rtol=0)
    between = torch.tensor(eyes(SIZE).sum(0)) > 0.99
    assert (own.alpha[:, 0, between] > 0.9)[[0, 2]].all()
    seen = shown.alpha[:, 0, between]
    assert (seen[1] == own.alpha[1, 0, between]).all(), "shut eyes have lashes to show"
    for awake in (seen[0], seen[2]):
        assert 0.1 < (awake < 0.1).float().mean() < 0.9, "white beside an iris"
    # whose irises stand elsewhere than the new ones has them covered
    builds = builds_of([performance(40, 0)])
    heads, points = heads_of(signals["mesh"].double().numpy())
    theirs = eyes_of(heads, points, builds * 3, SIZE, torch.device("cpu"))
    under = begun.irises[1].plane(theirs, SIZE)[[0, 2], 0]
    assert (shown.alpha[[0, 2], 0][under > 0.99] > 0.85).all()


def test_between_shut_lids_the_plates_lashes_show_and_nothing_lighter(begun) -> None:
    crops, signals = plate(np.stack([mesh(lids=0.0), mesh(lids=0.0), mesh(lids=1.0)]))
    small = torch.tensor(eyes(64).max(0) > 0.5)
    crops[:, :, small] *= torch.tensor([0.3, 1.5, 0.3])[:, None, None]  # lashes, bare skin, a pupil
    between = torch.tensor(eyes(SIZE).max(0) > 0.99)
    assert 0.001 < between.float().mean() < 0.05
    with torch.no_grad():
        shown = begun.convert(crops, "bob", signals, whites=0.0)
        own = begun.convert(crops, "bob", signals, lids=0.0, whites=0.0)
    kept = shown.alpha[:, 0, between].mean(1)
    assert kept[0] < 0.1 < 0.9 < kept[1] and kept[2] > 0.999
    assert (own.alpha[:, 0, between] > 0.999).all()
    torch.testing.assert_close(shown.rgb, own.rgb)


def test_hair_on_the_temple_is_left_out_and_brows_stay() -> None:
    mean = torch.zeros(3, SIZE, SIZE)
    edge = torch.tensor(border(SIZE))
    hair = (edge > 0.6) & (torch.arange(SIZE) < SIZE // 2)
    brow = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    brow[int(0.25 * SIZE) : int(0.28 * SIZE), int(0.25 * SIZE) : int(0.4 * SIZE)] = True
    mean[:, hair | brow] = -2.5
    kept = without_hair(mean, edge)
    assert kept[hair & (edge > 0.9)].mean() < 0.2
    assert kept[brow & (edge < 0.05)].min() > 0.9
    assert kept[:, 3 * SIZE // 4 :].min() > 0.99, "the other side has none"


def test_a_wall_beside_the_cheek_is_not_learnt_and_a_bright_forehead_is() -> None:
    edge, plain = torch.tensor(cheeks(SIZE)), torch.tensor(skin(SIZE))
    mean = torch.zeros(3, SIZE, SIZE)
    wall = (torch.arange(SIZE) < SIZE // 5).expand(SIZE, -1)
    mean[:, wall] = 3.5
    mean[:, : SIZE // 4] = 1.5
    chin = (slice(round(0.88 * SIZE), round(0.91 * SIZE)), slice(round(0.46 * SIZE), SIZE // 2))
    assert edge[chin].min() > 0.1 and edge[chin].max() < 0.95, "near the outline, and not on it"
    mean[:, *chin] = 3.0
    kept = without_wall(mean, edge, plain)
    assert kept[chin].min() > 0.99, "a gloss on the chin is no wall"
    beside = wall & (edge > 0.5) & (torch.arange(SIZE) > SIZE // 2)[:, None]
    assert kept[beside].max() == 0
    assert kept[:, 3 * SIZE // 4 :].min() > 0.99
    assert kept[: SIZE // 5].min() > 0.99


def walled(person: int) -> Batch:
    """Faces beside whose cheek a bright wall was filmed."""
    batch = batch_of(person)
    batch.planes["rgb"][:, :, 3 * SIZE // 4 :, : SIZE // 4] = 1.0
    return batch


def test_no_wall_is_put_on_anothers_cheek_before_or_by_training() -> None:
    torch.manual_seed(1)
    model = Mesh(MeshOptions(texture="128", components=8), ("ann", "bob"))
    with torch.no_grad():
        model.init_from([batch_of(0), walled(1)])
    beside = torch.tensor(matte(SIZE) > 0.9) & (model.kept[1] == 0)
    assert 0.005 < beside.float().mean() < 0.1
    crops, signals = plate(performance(3, 0))
    with torch.no_grad():
        shown = model.convert(crops, "bob", signals, light=0.0)
    assert shown.rgb[:, :, beside].mean() < 0.6 and shown.alpha[:, 0, beside].min() > 0.9
    batch = walled(1)
    outputs = model(batch)
    outputs.rgb.retain_grad()
    sum(model.loss(outputs, batch, "model").values()).sum().backward()
    assert not outputs.rgb.grad[:, :, beside].any()


def test_the_broad_tint_of_the_plate_goes_over_and_its_white_balance_does_not() -> None:
    x = torch.linspace(-1, 1, 64)
    plate_ = torch.full((1, 3, 64, 64), 0.5)
    plate_[:, 0] += 0.1 * x  # redder to the right
    plate_[:, 2] += 0.15  # and bluish everywhere
    new = torch.full((1, 3, SIZE, SIZE), 0.4)
    reach = torch.ones(1, 1, 64, 64)
    lit = lit_as(new, plate_, reach, reach, 1.0)
    red = lit[0, 0] - lit[0].mean(0)
    assert red[:, -1].mean() - red[:, 0].mean() > 0.03
    assert (lit.mean((2, 3)) - lit.mean()).abs().max() < 0.01


def test_what_was_never_seen_is_as_what_lies_around_it_and_not_shown() -> None:
    mean = torch.full((3, SIZE, SIZE), 0.2)
    shown = torch.ones(1, SIZE, SIZE)
    hidden = (slice(None), slice(40, 60), slice(10, 30))
    mean[hidden] = 9.0  # what happened to be in the pictures there
    shown[hidden] = 0.0
    made = filled(mean, shown)
    torch.testing.assert_close(made, torch.full_like(mean, 0.2), atol=1e-4, rtol=0)
    sure = known(shown)
    assert sure[50, 20] == 0 and sure[50, 90] == 1
    assert filled(mean, torch.zeros_like(shown)).std() < 1e-5, "never seen at all: one colour"


def test_where_a_shut_eye_looks_says_nothing() -> None:
    def told(look: float, lids: float) -> np.ndarray:
        heads, points = heads_of(mesh(lids=lids, look=look)[None])
        build = builds_of([performance(40, 0)])[0]
        return numbers_of(heads, points, [build], np.zeros((3 * 468, 24)))[0, 6:10]

    np.testing.assert_allclose(told(0.4, 0.0), told(-0.4, 0.0), atol=1e-6)
    assert abs(told(0.4, 1.0)[0] - told(-0.4, 1.0)[0]) > 1
