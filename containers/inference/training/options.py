"""What a training run is told on its command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from containers.inference.training.export import Precision
from containers.inference.training.fitting import Schedule
from containers.inference.training.lessons import LessonPlan
from containers.inference.training.network import NetworkSize

_SHIPPED_STATEMENT = Path(__file__).parent / "data_statement.md"


@dataclass(frozen=True)
class Options:
    """One run; the defaults are those of the shipped model."""

    data: Sequence[Path]
    output: Path
    foreign: Path | None = None
    base: Path | None = None
    """A directory of an XLM-RoBERTa checkpoint to start from instead of nothing, a shipped model's for one."""
    about_data: Path = _SHIPPED_STATEMENT
    """Markdown that the model card quotes: where the data comes from and what may be done with it."""
    precision: Precision = "int8-weights"
    dropout: float = 0.1
    threads: int = 1
    size: NetworkSize = field(default_factory=NetworkSize)
    plan: LessonPlan = field(default_factory=LessonPlan)
    schedule: Schedule = field(default_factory=Schedule)


def parse(arguments: Sequence[str]) -> Options:
    """The options of a command line; argparse ends the process when they cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m containers.inference.training",
        description="Trains the message classifier and writes its directory.",
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="CSV files id,text,label (.gz or plain)")
    parser.add_argument("--output", type=Path, required=True, help="directory to write the model to")
    parser.add_argument("--foreign", type=Path, help="CSV file id,text,lang,label in several languages")
    parser.add_argument("--base", type=Path, help="directory of an XLM-RoBERTa checkpoint to start from")
    parser.add_argument(
        "--about-data", type=Path, default=_SHIPPED_STATEMENT, help="markdown for the card: what the data is"
    )
    parser.add_argument("--precision", choices=get_args(Precision), default="int8-weights")
    parser.add_argument("--epochs", type=int, default=Schedule.epochs, help="0 with --base: only measure anew")
    parser.add_argument("--rate", type=float, default=Schedule.rate, help="highest learning rate")
    parser.add_argument("--phrases", type=int, default=LessonPlan.phrases, help="clinic phrases an epoch holds")
    parser.add_argument("--woven", type=int, default=LessonPlan.woven, help="messages woven of several that it holds")
    parser.add_argument("--seed", type=int, default=Schedule.seed)
    parser.add_argument("--threads", type=int, default=1, help="processor threads")
    given = parser.parse_args(arguments)
    return Options(
        data=given.data,
        output=given.output,
        foreign=given.foreign,
        base=given.base,
        about_data=given.about_data,
        precision=given.precision,
        threads=given.threads,
        plan=LessonPlan(phrases=given.phrases, woven=given.woven),
        schedule=Schedule(epochs=given.epochs, rate=given.rate, seed=given.seed),
    )
