"""Least squares and principal components, for models that begin from the faces.

All through the n x n matrix of inner products, so that pictures may have far more pixels than
there are pictures; in double precision on the CPU (not every GPU has it), so that the result
does not hang on the order of summing more than it must.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_FLOOR = 1e-4  # components weaker than this share of the strongest are noise


def shared_directions(features: Sequence[Tensor], count: int) -> tuple[Tensor, Tensor]:
    """The main directions in which all persons vary, without those that tell them apart.

    Args:
        features: (n, d) of each person.
        count: how many directions.

    Returns:
        Directions (d, count), scaled so that features along them have unit variance (directions
        that do not vary are 0), and the centre (d,) between the persons.
    """
    means = [found.mean(0) for found in features]
    within = torch.cat([found - mean for found, mean in zip(features, means, strict=True)])
    for direction in _apart(means, within):
        within = within - torch.outer(within @ direction, direction)
    values, vectors = _strongest(within @ within.T / len(within), count)
    scale = (values.clamp_min(_FLOOR * values.max() + 1e-12) * len(within) ** 0.5).reciprocal()
    centre = torch.stack(means).sum(0) / len(means)
    return (within.T @ vectors) * scale, centre


def _apart(means: Sequence[Tensor], within: Tensor) -> list[Tensor]:
    """Unit directions, at right angles, in which persons lie apart.

    Of more than two persons, two may be alike but for what they happened to do; a direction in
    which they are nearer to each other than each one's own faces are is not who they are.
    """
    found: list[Tensor] = []
    for mean in means[1:]:
        apart = means[0] - mean
        for other in found:
            apart = apart - (apart @ other) * other
        direction = apart / apart.norm().clamp_min(1e-12)
        if len(means) == 2 or apart.norm() > (within @ direction).square().mean().sqrt():
            found.append(direction)
    return found


def eigenfaces(pictures: Tensor, counts: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Principal components of pictures.

    Args:
        pictures: (n, p).
        counts: (p,) how much each pixel counts when components are chosen.
        count: how many components.

    Returns:
        The mean (p,), the components (count, p) and each picture's coefficients (n, count) of
        unit variance: `mean + coefficients @ components` is nearest to the pictures.
    """
    mean = pictures.mean(0)
    centred = pictures - mean
    weighted = centred * counts.sqrt()
    _, vectors = _strongest(weighted @ weighted.T / len(pictures), count)
    root = len(pictures) ** 0.5
    return mean, vectors.T @ centred / root, vectors * root


def ridge(inputs: Tensor, targets: Tensor, penalty: float = 0.05) -> tuple[Tensor, Tensor]:
    """Least squares with a penalty on large weights.

    Args:
        inputs: (n, i) of about unit variance.
        targets: (n, o).
        penalty: share of an input's variance.

    Returns:
        Weight (o, i) and bias (o,) of a linear layer.
    """
    mean_in, mean_out = inputs.mean(0), targets.mean(0)
    x, y = (inputs - mean_in).cpu().double(), (targets - mean_out).cpu().double()
    eye = torch.eye(x.shape[1], dtype=x.dtype)
    weight = torch.linalg.solve(x.T @ x + penalty * len(x) * eye, x.T @ y).T.to(inputs)
    return weight, mean_out - weight @ mean_in


def _strongest(inner: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The largest eigenvalues (count,) and their vectors (n, count), strongest first.

    Where the matrix has fewer, or only noise, the rest is 0.
    """
    values, vectors = torch.linalg.eigh(inner.cpu().double())
    values, vectors = values.flip(0)[:count], vectors.flip(1)[:, :count]
    vectors = vectors * (values > _FLOOR * 1e-2 * values[0].clamp_min(1e-12))
    missing = count - len(values)
    values = torch.nn.functional.pad(values, (0, missing)).clamp_min(0)
    vectors = torch.nn.functional.pad(vectors, (0, missing))
    return values.to(inner), vectors.to(inner)
