"""Faces at rest, and performances on another's face."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.errors import ValueRefused
from understudy.geometry.facemesh import UPRIGHT, fit_heads
from understudy.geometry.facemesh.build import (
    CORNERS,
    LIDS,
    build_of,
    lid_gaps,
    mouth_gap,
    retargeted,
    settled,
)
from understudy.testing.meshes import acting


def seen(faces: list[np.ndarray]) -> tuple[np.ndarray, object]:
    points = np.stack(faces)
    return points, fit_heads(points * UPRIGHT)


def test_rest_is_shut_and_open_eyed_whatever_somebody_mostly_does() -> None:
    shouting = [acting(mouth_cm=2.0 + 0.01 * i) for i in range(40)]
    blinking = [acting(lids=0.1)] * 10
    points, heads = seen([*shouting, *blinking, *[acting(mouth_cm=0.02)] * 5])
    build = build_of(points, heads)
    assert mouth_gap(build.rest[None])[0] < 0.1
    usual = lid_gaps(acting()[None])[0]
    np.testing.assert_allclose(build.open_lids, usual, rtol=0.02)
    np.testing.assert_allclose(lid_gaps(build.rest[None])[0], usual, rtol=0.05)


def test_a_face_given_its_own_build_stays_as_it_is() -> None:
    points, heads = seen([acting(), acting(lids=0.2, mouth_cm=1.0)])
    build = build_of(points, heads)
    np.testing.assert_allclose(retargeted(points, build, build), points, atol=1e-9)


def test_shut_lids_stay_shut_and_lips_keep_their_gap() -> None:
    narrow = build_of(*seen([*[acting(lids=0.7)] * 20, *[acting(lids=0.0)] * 2]))
    wide = build_of(*seen([*[acting(lids=1.3, wide_cm=0.5)] * 20, *[acting(lids=0.0)] * 2]))
    points, _ = seen([acting(lids=0.0, mouth_cm=1.2), acting(lids=0.7), acting(lids=0.35)])
    became = retargeted(points, narrow, wide)
    gaps = lid_gaps(became) / wide.open_lids
    np.testing.assert_allclose(gaps.mean(1), [0.0, 1.0, 0.5], atol=0.02)
    np.testing.assert_allclose(mouth_gap(became), mouth_gap(points), atol=1e-9)
    assert became[1, 280, 0] > points[1, 280, 0] + 0.2, "the other one's cheeks show"
    outline = [10, 152, 234, 454]
    np.testing.assert_allclose(became[:, outline], points[:, outline], atol=1e-9)


def test_shut_lids_meet_where_the_plates_do_and_open_ones_where_the_donor_has_them() -> None:
    plate = build_of(*seen([*[acting()] * 20, *[acting(lids=0.0)] * 2]))
    lower = acting()
    about = [
        v for pairs, ends in zip(LIDS, CORNERS, strict=True) for p in (*pairs, ends) for v in p
    ]
    lower[about, 1] -= 0.3
    donor = build_of(*seen([lower] * 20))
    points, _ = seen([acting(lids=0.0), acting(lids=0.2), acting()])
    away = np.abs(retargeted(points, plate, donor) - points)[:, about, 1].mean(1)
    assert away[2] > 0.15 and 0.02 < away[1] < 0.6 * away[2] and away[0] < 0.02
    brow = abs(retargeted(points, plate, donor) - retargeted(points[2:], plate, donor))[0, 105]
    np.testing.assert_allclose(brow, 0, atol=0.05)


def test_a_wider_jaw_goes_out_over_the_plates_outline_and_a_narrower_one_does_not() -> None:
    narrow = build_of(*seen([acting()] * 20))
    wide = build_of(*seen([_wider(acting(), 1.15)] * 20))
    points, _ = seen([acting(), acting(lids=0.0, mouth_cm=1.0)])
    out = retargeted(points, narrow, wide, outline=1.0) - retargeted(points, narrow, wide)
    jaw, temples = [172, 397, 132, 361], [10, 127, 356, 162, 389]
    sides = np.sign(points[0, jaw, 0])
    assert (out[:, jaw, 0] * sides > 0.2).all()
    np.testing.assert_allclose(out[:, temples], 0, atol=1e-9)
    back = retargeted(points, wide, narrow, outline=1.0)
    np.testing.assert_allclose(back[:, jaw], points[:, jaw], atol=0.02)


def _wider(face: np.ndarray, times: float) -> np.ndarray:
    """A face whose lower half is wider."""
    low = np.clip(-face[:, 1] / 4, 0, 1)
    return face * np.stack([1 + (times - 1) * low, np.ones(478), np.ones(478)], 1)


def test_a_face_that_the_pose_fit_set_too_high_is_settled_in_the_outline() -> None:
    plate = acting()
    # as somebody's would be whose nose and brow ask for another tilt and size than one's outline
    tilt = np.radians(4.0)
    spin = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    other = acting(wide_cm=0.3) @ spin.T * 1.05 + (0.0, 0.4, 0.1)
    found = settled(other, plate)
    cheeks = [50, 280]
    rest = np.delete(np.arange(468), cheeks)
    np.testing.assert_allclose(found[rest], plate[rest], atol=0.02)
    np.testing.assert_allclose(np.abs(found - plate)[cheeks, 0], 0.3, atol=0.03)


def test_a_rest_filmed_from_the_side_turns_the_face_half_as_far() -> None:
    # depth is guessed worst: whoever is filmed from the left keeps a lean to one side in the rest
    def leaning(face: np.ndarray, share: float) -> np.ndarray:
        return face + face[:, 2:] * (share, 0, 0)

    plate = build_of(*seen([leaning(acting(), 0.1)] * 20))
    donor = build_of(*seen([leaning(acting(wide_cm=0.6), -0.05)] * 20))
    points, heads = seen([leaning(acting(), 0.1), leaning(acting(mouth_cm=1.0), 0.1)])
    became = retargeted(points, plate, donor)
    turned = fit_heads(became * UPRIGHT).pitch_yaw_roll_deg - heads.pitch_yaw_roll_deg
    np.testing.assert_allclose(turned, 0, atol=0.3)
    lean = (settled(donor.rest, plate.rest) - plate.rest)[4, 0]
    aside = became[:, 4, 0] - points[:, 4, 0]
    np.testing.assert_allclose(aside / lean, 0.5, atol=0.1)
    assert (np.abs(became - points)[:, [50, 280], 0] > 0.25).all(), "the other one's cheeks show"


def test_blend_goes_from_one_shape_to_the_other() -> None:
    one = build_of(*seen([acting()] * 5))
    two = build_of(*seen([acting(wide_cm=0.6)] * 5))
    points, _ = seen([acting(mouth_cm=0.4)])
    at = [retargeted(points, one, two, share)[0, 280, 0] for share in (0.0, 0.5, 1.0)]
    assert at[0] == pytest.approx(points[0, 280, 0])
    assert at[1] == pytest.approx((at[0] + at[2]) / 2)


def test_nobody_has_no_build() -> None:
    with pytest.raises(ValueRefused, match="at least one face"):
        build_of(np.zeros((0, 478, 3)), None)  # type: ignore[arg-type]
