"""The model card in Markdown, made from the report: what the model is for, what it was taught, and every figure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from containers.inference.training.calibration import HIGH_PRECISION, HIGH_SENSITIVITY, RAISED_SENSITIVITY
from containers.inference.training.dataset_split import FEEDBACK
from containers.inference.training.report import SECTIONS

_FRAME = Path(__file__).parent / "model_card_frame.md"

_READING: Final = {
    True: "Texts are read as they were written.",
    False: "Normalisation leaves lower-case words only: punctuation, digits, links and names are traces of\n"
    "how each class was gathered.",
}


def model_card(report: Mapping[str, Any], templates: int) -> str:
    """The whole card; `templates` is how many phrases were written by hand for it."""
    making = report["making"]
    figures = "\n".join(
        _section(name, report["figures"][name], report["riskClass"]) for name in SECTIONS if name in report["figures"]
    )
    if report["calm"]:
        figures += _calm(report["calm"])
    return _FRAME.read_text(encoding="utf-8").format(
        version=report["version"],
        labels=", ".join(report["labels"]),
        architecture=making["architecture"],
        window=report["window"]["tokens"],
        overlap=report["window"]["overlap"],
        precision=making["precision"],
        about_data=_about(report),
        templates=templates,
        risk=report["riskClass"],
        temperature=report["temperature"],
        thresholds=", ".join(f"{level} {one['value']}" for level, one in report["thresholds"].items()),
        sensitivity=RAISED_SENSITIVITY,
        high=HIGH_PRECISION,
        at_least=HIGH_SENSITIVITY,
        figures=figures,
        reading=_READING[report["asWritten"]],
        all_classes_in=", ".join(report["allClassesIn"]) or "no language",
        baselines=_baselines(report),
        behaviour=_behaviour(report["behaviour"]),
        unseen=_unseen(report["unseen"]),
        packages=", ".join(f"{name} {version}" for name, version in making["packages"].items()),
        seed=making["seed"],
    )


def _about(report: Mapping[str, Any]) -> str:
    """What is said of the data, with what therapists added to it."""
    said: str = report["making"]["about_data"].strip()
    answers = sum(part["kinds"].get(FEEDBACK, 0) for part in report["data"].values())
    if not answers:
        return said
    return f"{said}\n\nBesides {answers} messages of patients who agreed to it, as their therapists judged them."


def _section(name: str, figures: Mapping[str, Any], risk_class: str) -> str:
    lines = [
        f"## {SECTIONS[name]}: {figures['texts']} test texts",
        "",
        f"Accuracy {_share(figures['accuracy'])}, macro-F1 {_share(figures['macroF1'])}, "
        f"expected calibration error {figures['calibrationError']:.3f}.",
        "",
        f"| p({risk_class}) at least | sensitivity | PPV | flagged of all |",
        "| --- | --- | --- | --- |",
        *(_row(f"{one['threshold']} ({level})", one, "sensitivity", "ppv", "flagged") for level, one in _risk(figures)),
        "",
        "| class | precision | recall | F1 |",
        "| --- | --- | --- | --- |",
        *(
            _row(f"{label}, {one['texts']} texts", one, "precision", "recall", "f1")
            for label, one in figures["classes"].items()
        ),
    ]
    for attribute, groups in figures["slices"].items():
        lines += ["", f"| {attribute} | accuracy | raised: sensitivity | raised: PPV |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {group}, {one['texts']} texts | {_share(one['accuracy'])} "
            f"| {_share(one['risk']['raised']['sensitivity'])} | {_share(one['risk']['raised']['ppv'])} |"
            for group, one in groups.items()
        ]
    return "\n".join(lines) + "\n"


def _calm(groups: Mapping[str, Mapping[str, Any]]) -> str:
    """False alarms by language: the sections above hold only texts of the seven classes."""
    levels = list(next(iter(groups.values()))["flagged"])
    lines = [
        "## False alarms by language: test texts that are called free of depression",
        "",
        f"| language | {' | '.join(f'flagged, {level}' for level in levels)} |",
        "| --- |" + " --- |" * len(levels),
        *(_row(f"{language}, {one['texts']} texts", one["flagged"], *levels) for language, one in groups.items()),
    ]
    return "\n" + "\n".join(lines) + "\n"


def _risk(figures: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return list(figures["risk"].items())


def _baselines(report: Mapping[str, Any]) -> str:
    rows = [f"| {one['name']} | {_share(one['accuracy'])} | {_share(one['macroF1'])} |" for one in report["baselines"]]
    return "\n".join(["| taught and judged on the same posts | accuracy | macro-F1 |", "| --- | --- | --- |", *rows])


def _behaviour(behaviour: Mapping[str, Any]) -> str:
    languages = behaviour["byLanguage"]
    rows = [
        f"| {language} | {_rate(sides['danger'])} | {_rate(sides['noDanger'])} |"
        for language, sides in languages.items()
    ]
    return "\n".join(["| language | danger, flagged | no danger, not flagged |", "| --- | --- | --- |", *rows])


def _unseen(unseen: Mapping[str, Any]) -> str:
    danger, calm = unseen["danger"], unseen["noDanger"]
    return (
        f"Of {unseen['cases']} more in English (`training/behaviour/unseen`), written before any model had answered "
        f"them and never tuned by, {danger['hits']} of {danger['of']} with danger are flagged ({_share(danger)}) and "
        f"{calm['hits']} of {calm['of']} without are not ({_share(calm)})."
    )


def _rate(rate: tuple[int, int]) -> str:
    return f"{rate[0]} of {rate[1]}"


def _row(name: str, shares: Mapping[str, Any], *which: str) -> str:
    return f"| {name} | " + " | ".join(_share(shares[what]) for what in which) + " |"


def _share(share: Mapping[str, Any]) -> str:
    if share.get("of") == 0:
        return "none"
    low, high = share["ci95"]
    return f"{share['value']:.3f} ({low:.3f} to {high:.3f})"
