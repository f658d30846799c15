"""Closed forms against what they claim to solve."""

from __future__ import annotations

import torch

from understudy.swap.closed_form import eigenfaces, ridge, shared_directions


def _random(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_eigenfaces_give_back_pictures_that_lie_in_their_span():
    pictures = _random(30, 5) @ _random(5, 200, seed=2) + 0.5
    mean, components, coefficients = eigenfaces(pictures, torch.ones(200), 5)
    torch.testing.assert_close(mean + coefficients @ components, pictures, atol=1e-4, rtol=0)
    torch.testing.assert_close(
        coefficients.var(0, unbiased=False), torch.ones(5), atol=1e-4, rtol=0
    )


def test_eigenfaces_look_where_pixels_count():
    loud, quiet = _random(40, 1) @ _random(1, 50), _random(40, 1, seed=3) @ _random(1, 50, seed=4)
    pictures = torch.cat([5 * loud, quiet], 1)
    counts = torch.cat([torch.zeros(50), torch.ones(50)])
    mean, components, coefficients = eigenfaces(pictures, counts, 1)
    shown = mean + coefficients @ components
    torch.testing.assert_close(shown[:, 50:], pictures[:, 50:], atol=1e-4, rtol=0)


def test_more_components_than_pictures_are_zero():
    pictures = _random(3, 20)
    mean, components, coefficients = eigenfaces(pictures, torch.ones(20), 8)
    assert components.shape == (8, 20) and not components[3:].any()
    torch.testing.assert_close(mean + coefficients @ components, pictures, atol=1e-4, rtol=0)


def test_ridge_finds_a_linear_map_and_shrinks_with_the_penalty():
    inputs = _random(200, 4)
    true = _random(3, 4, seed=2)
    targets = inputs @ true.T + 7
    weight, bias = ridge(inputs, targets, penalty=1e-6)
    torch.testing.assert_close(weight, true, atol=1e-3, rtol=0)
    torch.testing.assert_close(bias, torch.full((3,), 7.0), atol=1e-3, rtol=0)
    assert ridge(inputs, targets, penalty=1.0)[0].norm() < 0.7 * weight.norm()


def test_shared_directions_do_not_tell_the_sides_apart():
    doing, who = _random(6, 40), 3 * _random(40, seed=5)
    a = _random(50, 6, seed=2) @ doing + who
    b = _random(60, 6, seed=3) @ doing - who
    directions, centre = shared_directions([a, b], 6)
    code_a, code_b = (a - centre) @ directions, (b - centre) @ directions
    assert (code_a.mean(0) - code_b.mean(0)).abs().max() < 0.35  # what they did, not who they are
    spread = torch.cat([code_a - code_a.mean(0), code_b - code_b.mean(0)]).var(0, unbiased=False)
    assert ((spread > 0.5) & (spread < 1.1)).all()
    torch.testing.assert_close(
        (code_a.mean(0) + code_b.mean(0)) / 2, torch.zeros(6), atol=1e-4, rtol=0
    )
