from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import typer
from typer.testing import CliRunner

from understudy.cli.flags import with_options
from understudy.options import option


@dataclass(frozen=True, slots=True)
class Cooking:
    minutes: float | None = option(None, "How long.", low=0, unit="min")
    heat: Literal["low", "high"] = option("low", "How hot.")
    stir: bool = option(True, "Whether to stir.")
    new: bool = option(False, "A new pot.")


@dataclass(frozen=True, slots=True)
class Serving:
    plates: int = option(2, "For how many.", low=1, high=12)
    new: bool = option(False, "A new pot.")


def _app(seen: list) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    @with_options
    def cook(
        dish: Annotated[str, typer.Argument(help="What.")], cooking: Cooking, serving: Serving
    ) -> None:
        seen.append((dish, cooking, serving))

    return app


def test_every_option_becomes_a_flag_and_comes_back_as_its_dataclass():
    seen: list = []
    args = ["soup", "--minutes", "2.5", "--heat", "high", "--no-stir", "--plates", "4", "--new"]
    result = CliRunner().invoke(_app(seen), args)
    assert result.exit_code == 0, result.output
    assert seen == [("soup", Cooking(2.5, "high", False, True), Serving(4, True))]


def test_defaults_and_limits():
    seen: list = []
    assert CliRunner().invoke(_app(seen), ["soup"]).exit_code == 0
    assert seen == [("soup", Cooking(), Serving())]
    for wrong in (["--plates", "99"], ["--heat", "middling"], ["--minutes", "-1"]):
        assert CliRunner().invoke(_app(seen), ["soup", *wrong]).exit_code == 2


def test_help_teaches_each_option():
    text = CliRunner().invoke(_app([]), ["--help"], env={"COLUMNS": "160"}).output
    for said in ("How long. In minutes.", "low|high", "For how many.", "1<=x<=12"):
        assert said in text, text


@dataclass(frozen=True, slots=True)
class Seasoning:
    spice: tuple[str, ...] = option((), "Which, once for each.")
    grams: tuple[float, ...] = option((1.0, 2.0), "How much of each.")


def test_words_are_said_once_for_each_or_with_commas_and_none_is_lost():
    seen: list = []
    app = typer.Typer()

    @app.command()
    @with_options
    def season(seasoning: Seasoning) -> None:
        seen.append(seasoning)

    for words in (
        ["--spice", "salt=1", "--spice", "mace=2, dill=3", "--grams", "0.5,3"],
        ["--spice", ""],
        [],
    ):
        assert CliRunner().invoke(app, words, catch_exceptions=False).exit_code == 0
    assert seen == [
        Seasoning(("salt=1", "mace=2", "dill=3"), (0.5, 3.0)),
        Seasoning(()),
        Seasoning(),
    ]
