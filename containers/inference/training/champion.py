"""A new model beside the one that serves: what both say of the same texts and cases, in counts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from containers.inference.classifier import Classifier, load
from containers.inference.model_directory import MANIFEST, digest
from containers.inference.training.behavioural_suite import Passed, run_suite
from containers.inference.training.calibration import RISK_CLASS
from containers.inference.training.dataset_split import FEEDBACK
from containers.inference.training.labelled_texts import LABELS, LabelledText
from containers.inference.training.scored_texts import score_texts
from containers.inference.windows import Probabilities
from shared.model_comparison import ComparedModels, CriticalCase, OutcomeCount

_COMPARED_KINDS = ("post", FEEDBACK)
"""Hand-written phrases come in families, other languages have labels of their own: neither is a sample of people."""


def compared(
    champion: Path, candidate: Classifier, texts: Sequence[LabelledText], found: Probabilities, passed: Passed
) -> ComparedModels:
    """Judge `texts`, which neither model was taught, and the suite by the champion too; `found` is the candidate's.

    Raises ModelUnusable where the champion cannot serve beside this code.
    """
    serving = load(str(champion), threads=1)
    rows = [row for row, text in enumerate(texts) if text.kind in _COMPARED_KINDS]
    truths = [texts[row].label for row in rows]
    before = _said(serving, score_texts(serving, [texts[row] for row in rows]).probabilities(serving))
    after = _said(candidate, found[rows])
    critical = run_suite(serving, passed.cases).critical
    return ComparedModels(
        champion=serving.description.version,
        champion_manifest_sha256=digest(champion / MANIFEST),
        champion_metrics=dict(serving.description.metrics),
        champion_thresholds={label: dict(levels) for label, levels in serving.description.thresholds.items()},
        risk_class=RISK_CLASS,
        outcomes=_counted(truths, before, after),
        critical_cases=[
            CriticalCase(case=case, champion_passes=critical[case], candidate_passes=passes)
            for case, passes in passed.critical.items()
        ],
        corrections=[],
    )


def _said(classifier: Classifier, found: Probabilities) -> list[tuple[str, bool]]:
    """Of each row the label, and whether it would be raised."""
    labels = classifier.description.labels
    risk = labels.index(RISK_CLASS)
    raised = classifier.description.thresholds[RISK_CLASS]["raised"]
    return [(labels[row.argmax()], bool(row[risk] >= raised)) for row in found]


def _counted(
    truths: Sequence[str], before: Sequence[tuple[str, bool]], after: Sequence[tuple[str, bool]]
) -> list[OutcomeCount]:
    counts = Counter(zip(truths, before, after, strict=True))
    assert set(truths) <= set(LABELS)
    return [
        OutcomeCount(
            truth=truth,
            champion=champion,
            candidate=candidate,
            champion_flags=champion_flags,
            candidate_flags=candidate_flags,
            count=count,
        )
        for (truth, (champion, champion_flags), (candidate, candidate_flags)), count in sorted(counts.items())
    ]
