"""The demonstration's made-up texts tell what they are about, and are the same each time."""

import csv
import random
from collections import Counter
from pathlib import Path

from dev.seed_clinic import RISK, label_of, text_about, write_posts
from shared.database.models.analysis import Label


def test_a_therapist_reads_from_a_text_what_it_is_about() -> None:
    chance = random.Random(1)
    labels = [label for label in Label for _ in range(50)]
    assert sum(label_of(text_about(label, chance)) == label for label in labels) > 0.95 * len(labels)


def test_posts_are_as_many_as_wanted_of_each_class_and_the_same_again(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        write_posts(tmp_path / name, of_risk=5, of_each_other=2)
    rows = list(csv.DictReader((tmp_path / "one.csv").read_text().splitlines()))
    assert Counter(row["label"] for row in rows) == {label: 5 if label == RISK else 2 for label in Label}
    assert (tmp_path / "one.csv").read_text() == (tmp_path / "two.csv").read_text()
