"""The model card in Markdown: what the model is for, what it was taught, and every figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from containers.inference.model_directory import ModelDescription
from containers.inference.training.calibration import RISK_CLASS, SENSITIVITY_TARGETS
from containers.inference.training.clinic_phrases import read_templates
from containers.inference.training.evaluation import Figures, Share, by_group, groups_of, measure
from containers.inference.training.labelled_texts import LABELS, LabelledText
from containers.inference.training.options import Options
from containers.inference.windows import Probabilities

_FRAME = Path(__file__).parent / "model_card_frame.md"


def model_card(
    version: str,
    architecture: str,
    described: ModelDescription,
    options: Options,
    texts: Sequence[LabelledText],
    found: Probabilities,
) -> str:
    """The whole card; `texts` are the test split of every source, `found` their probabilities."""
    thresholds = described.thresholds[RISK_CLASS]
    sources = {
        "Posts": [text.kind == "post" for text in texts],
        "Clinic phrases, templates never taught": [text.kind not in ("post", "foreign") for text in texts],
        "Other languages, only texts whose label is one of ours": [
            text.kind == "foreign" and text.label in LABELS for text in texts
        ],
    }
    sections = [
        _section(name, [text for text, keep in zip(texts, kept, strict=True) if keep], found[kept], thresholds)
        for name, kept in sources.items()
        if any(kept)
    ]
    return _FRAME.read_text(encoding="utf-8").format(
        version=version,
        labels=", ".join(LABELS),
        architecture=architecture,
        window=described.window_tokens,
        overlap=described.window_overlap,
        precision=options.precision,
        about_data=options.about_data.read_text(encoding="utf-8").strip(),
        templates=len(read_templates()),
        risk=RISK_CLASS,
        temperature=described.temperature,
        thresholds=", ".join(f"{level} {value}" for level, value in thresholds.items()),
        targets=" and ".join(f"{target:.0%} ({level})" for level, target in SENSITIVITY_TARGETS.items()),
        figures="\n".join(sections),
    )


def _section(name: str, texts: Sequence[LabelledText], found: Probabilities, thresholds: Mapping[str, float]) -> str:
    whole = measure(texts, found, thresholds)
    lines = [f"## {name}: {len(texts)} test texts", "", *_overview(whole), "", *_class_table(whole)]
    for attribute in ("length", "language", "kind"):
        groups = by_group(texts, found, groups_of(texts, attribute), thresholds)
        if len(groups) > 1:
            lines += ["", *_group_table(attribute, groups)]
    return "\n".join(lines) + "\n"


def _overview(figures: Figures) -> list[str]:
    return [
        f"Accuracy {_share(figures.accuracy)}, macro-F1 {figures.macro_f1:.3f}, "
        f"expected calibration error {figures.calibration_error:.3f}.",
        "",
        f"| p({RISK_CLASS}) at least | sensitivity | PPV | flagged of all |",
        "| --- | --- | --- | --- |",
        *(
            f"| {risk.threshold} ({level}) | {_share(risk.sensitivity)} | {_share(risk.predictive_value)} | "
            f"{_share(risk.flagged)} |"
            for level, risk in figures.risk.items()
        ),
    ]


def _class_table(figures: Figures) -> list[str]:
    rows = [
        f"| {label} | {one.recall.of} | {_share(one.precision)} | {_share(one.recall)} | {one.f1:.3f} |"
        for label, one in figures.classes.items()
    ]
    return ["| class | texts | precision | recall | F1 |", "| --- | --- | --- | --- | --- |", *rows]


def _group_table(attribute: str, groups: dict[str, Figures]) -> list[str]:
    levels = list(next(iter(groups.values())).risk)
    head = f"| {attribute} | texts | accuracy | " + " | ".join(f"{level}: sensitivity, PPV" for level in levels) + " |"
    rows = []
    for name, figures in groups.items():
        risk = " | ".join(f"{_share(one.sensitivity)}, {_share(one.predictive_value)}" for one in figures.risk.values())
        rows.append(f"| {name} | {figures.accuracy.of} | {_share(figures.accuracy)} | {risk} |")
    return [head, "|" + " --- |" * (3 + len(levels)), *rows]


def _share(share: Share) -> str:
    if not share.of:
        return "none"
    low, high = share.interval
    return f"{share.value:.3f} ({low:.3f} to {high:.3f})"
