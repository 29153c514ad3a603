"""What a training run is told on its command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from containers.inference.training.behavioural_suite import LANGUAGES
from containers.inference.training.export import Precision
from containers.inference.training.fitting import Schedule
from containers.inference.training.lessons import LessonPlan
from containers.inference.training.network import NetworkSize


@dataclass(frozen=True)
class Options:
    """One run; the defaults make a small network out of nothing in minutes, for a larger one see README.md."""

    data: Sequence[Path | str]
    """CSV files id,text,label as paths or URLs; `#sha256=HEX` behind one pins its content."""
    output: Path
    foreign: Path | str | None = None
    feedback: Path | None = None
    """What therapists said, see `dataset_split.read_feedback`."""
    base: Path | str | None = None
    """A directory of an XLM-RoBERTa checkpoint to start from instead of nothing, a shipped model's for one, or a URL;
    `#sha256=HEX` behind it pins its manifest."""
    champion: Path | None = None
    """The directory of the model that serves, to be compared with over the same texts."""
    work: Path | None = None
    """Where checkpoints are kept while training goes on, and looked for when it begins."""
    gate: Sequence[str] = ()
    """Languages of the behavioural suite without whose cases passed no model is published."""
    baselines: bool = True
    """Whether linear models are taught the same posts, to be set beside it."""
    wide: bool = False
    """Whether a linear part over pieces is fitted beside the network, see `wide_part`."""
    window: int | None = None
    """Tokens of a window; None: as the base has it."""
    about_data: Path | None = None
    """Markdown that the model card quotes: where the data comes from and what may be done with it; None: what the run
    itself can say, see `data_statement`."""
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
    parser.add_argument(
        "--data", nargs="+", default=[], help="CSV files id,text,label (.gz or plain): PATH or URL, then #sha256=HEX"
    )
    parser.add_argument("--output", type=Path, required=True, help="directory to write the model to")
    parser.add_argument("--foreign", help="CSV file id,text,lang,label in several languages")
    parser.add_argument(
        "--feedback", type=Path, help="CSV file author,text,label,language,voice,answer of therapists' answers"
    )
    parser.add_argument(
        "--base", help="directory or URL of an XLM-RoBERTa checkpoint to start from, then #sha256=HEX of its manifest"
    )
    parser.add_argument("--champion", type=Path, help="directory of the model that serves, to be compared with")
    parser.add_argument("--work", type=Path, help="directory of checkpoints; a run that was killed goes on from there")
    parser.add_argument("--window", type=int, help="tokens of a window (default: the base's, or 256 at most)")
    parser.add_argument(
        "--baselines", action=argparse.BooleanOptionalAction, default=True, help="teach linear models too"
    )
    parser.add_argument("--wide", action="store_true", help="fit a linear part beside the network, anew if it has one")
    gates = parser.add_mutually_exclusive_group()
    gates.add_argument("--gated", action="store_const", const=("en",), dest="gate", help="fail below the English gate")
    gates.add_argument(
        "--production", action="store_const", const=LANGUAGES, dest="gate", help="fail below that of any language"
    )
    parser.add_argument(
        "--about-data",
        type=Path,
        help="markdown for the card: what the data is (default: its counts and the base's name)",
    )
    parser.add_argument("--precision", choices=get_args(Precision), default="int8-weights")
    parser.add_argument("--epochs", type=int, default=Schedule.epochs, help="0 with --base: only measure anew")
    parser.add_argument("--rate", type=float, default=Schedule.rate, help="highest learning rate")
    parser.add_argument("--phrases", type=int, default=LessonPlan.phrases, help="clinic phrases an epoch holds")
    parser.add_argument("--woven", type=int, default=LessonPlan.woven, help="messages woven of several that it holds")
    parser.add_argument("--words", type=int, default=LessonPlan.words, help="the most words of a post's piece")
    parser.add_argument("--posts-share", type=float, default=LessonPlan.posts_share, help="of the posts, in an epoch")
    parser.add_argument("--english", type=float, default=LessonPlan.english, help="share of English among the phrases")
    parser.add_argument(
        "--foreign-share", type=float, default=LessonPlan.foreign_share, help="of the foreign texts, in an epoch"
    )
    parser.add_argument(
        "--trust", type=float, default=LessonPlan.trust, help="in a long piece's label, beside the linear teacher's"
    )
    parser.add_argument("--head-rate", type=float, default=Schedule.head_rate, help="how much faster the head learns")
    parser.add_argument("--tokens-a-batch", type=int, default=Schedule.tokens_a_batch)
    parser.add_argument("--seed", type=int, default=Schedule.seed)
    parser.add_argument("--threads", type=int, default=1, help="processor threads")
    given = parser.parse_args(arguments)
    if not given.data and not given.feedback:
        parser.error("--data or --feedback is needed")
    return Options(
        data=given.data,
        output=given.output,
        foreign=given.foreign,
        feedback=given.feedback,
        base=given.base,
        champion=given.champion,
        work=given.work,
        gate=given.gate or (),
        window=given.window,
        baselines=given.baselines,
        wide=given.wide,
        about_data=given.about_data,
        precision=given.precision,
        threads=given.threads,
        plan=LessonPlan(
            phrases=given.phrases,
            woven=given.woven,
            words=given.words,
            posts_share=given.posts_share,
            english=given.english,
            foreign_share=given.foreign_share,
            trust=given.trust,
        ),
        schedule=Schedule(
            epochs=given.epochs,
            rate=given.rate,
            head_rate=given.head_rate,
            tokens_a_batch=given.tokens_a_batch,
            seed=given.seed,
        ),
    )
