"""Contact sheets: rows of pictures with a caption over each column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.imaging.resample import resize
from understudy.imaging.text import mark_made, outlined, wrapped

_BAR = 22
_GAP = 4
_INK = (235, 235, 235)
_PAPER = 24
_TEXT_WIDTH = 200
_LETTERS = 0.42
_LINE = 18


def contact_sheet(
    columns: Sequence[str],
    rows: Sequence[Sequence[NDArray[Any]]],
    labels: Sequence[str],
    cell_wh: tuple[int, int],
    made: Sequence[int] = (),
    foot: Sequence[str] = (),
) -> NDArray[Any]:
    """Lay pictures out in a grid.

    Args:
        columns: captions.
        rows: for each row one (h, w, 3) uint8 RGB picture a column; each is fitted into its cell.
        labels: one short text a row, drawn into the first cell.
        cell_wh: width and height of a cell in pixels.
        made: numbers of the columns whose faces a model made; each of their cells says so, also
            when it is cut out of the sheet.
        foot: paragraphs below the grid, such as how the pictures were made.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    width, height = cell_wh
    whole, below = len(columns) * (width + _GAP) + _GAP, _BAR + len(rows) * (height + _GAP)
    lines = [line for text in foot for line in wrapped(text, whole - 4 * _GAP, _LETTERS)]
    sheet = np.full((below + _LINE * len(lines) + _GAP, whole, 3), _PAPER, np.uint8)
    for c, caption in enumerate(columns):
        _text(sheet, caption, _GAP + c * (width + _GAP), 15)
    for r, row in enumerate(rows):
        top = _BAR + r * (height + _GAP)
        for c, picture in enumerate(row):
            left = _GAP + c * (width + _GAP)
            cell = fit(picture, cell_wh)
            if c in made:
                mark_made(cell)
            sheet[top : top + height, left : left + width] = cell
        _text(sheet, labels[r], _GAP + 4, top + 14)
    for n, line in enumerate(lines):
        _text(sheet, line, 2 * _GAP, below + _LINE * (n + 1) - _GAP)
    return sheet


def person_sheet(
    rows: Sequence[Sequence[NDArray[Any]]],
    texts: Sequence[Sequence[str]],
    cell_px: int,
    columns: int,
) -> NDArray[Any]:
    """Rows of pictures with lines of text before each.

    Args:
        rows: (h, w, 3) uint8 RGB pictures, at most `columns` each; each is fitted into its cell.
        texts: lines for each row, the first one in larger letters; ASCII.
        cell_px: side of a cell in pixels.
        columns: cells of a row.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    step = cell_px + _GAP
    shape = (max(1, len(rows)) * step + _GAP, _TEXT_WIDTH + columns * step + _GAP, 3)
    sheet = np.full(shape, _PAPER, np.uint8)
    for r, (row, lines) in enumerate(zip(rows, texts, strict=True)):
        top = _GAP + r * step
        for n, line in enumerate(lines):
            _text(sheet, line, _GAP + 4, top + 20 + 20 * n, 0.5 if n == 0 else 0.42)
        if not row:
            _text(sheet, "no picture left", _TEXT_WIDTH + _GAP, top + 20)
        for c, picture in enumerate(row):
            left = _TEXT_WIDTH + c * step
            sheet[top : top + cell_px, left : left + cell_px] = fit(picture, (cell_px, cell_px))
    return sheet


def fit(picture: NDArray[Any], cell_wh: tuple[int, int]) -> NDArray[Any]:
    """Scale a picture into a cell, keeping its shape, on the sheet's background."""
    width, height = cell_wh
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    small = resize(picture, size, "cubic")
    cell = np.full((height, width, 3), _PAPER, np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    cell[top : top + size[1], left : left + size[0]] = small
    return cell


def show_mask(pixels: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """The picture with its masked part tinted green, as strongly as the mask is opaque."""
    tint = np.array([40, 220, 90], np.float32)
    weight = 0.6 * alpha[..., None]
    return (pixels * (1 - weight) + tint * weight).astype(np.uint8)


def _text(sheet: NDArray[Any], text: str, x: int, y: int, size: float = _LETTERS) -> None:
    outlined(sheet, text, (x, y), size, _INK)
