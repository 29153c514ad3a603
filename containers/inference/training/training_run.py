"""One training run from files to a model directory, in order."""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from containers.inference.classifier import Classifier
from containers.inference.engines import OnnxEngine
from containers.inference.model_directory import ModelUnusable
from containers.inference.training.baselines import baselines
from containers.inference.training.beginning import Start, beginning
from containers.inference.training.behavioural_suite import gate_failures, read_unseen, run_suite
from containers.inference.training.calibration import (
    RISK_CLASS,
    RiskThreshold,
    TooLittleToCalibrate,
    fitted_temperature,
    require_texts_at_risk,
    risk_thresholds,
    with_temperature,
)
from containers.inference.training.champion import compared
from containers.inference.training.checkpoints import Checkpoints
from containers.inference.training.clinic_phrases import held_out_messages
from containers.inference.training.data_statement import data_statement
from containers.inference.training.dataset_split import FEEDBACK
from containers.inference.training.evaluation import measure
from containers.inference.training.exit_codes import GATE_FAILED, NOTHING_TO_LEARN, TOO_LITTLE_TO_CALIBRATE
from containers.inference.training.export import export
from containers.inference.training.fitting import fit, say
from containers.inference.training.labelled_texts import LABELS, LabelledText, class_counts, in_split
from containers.inference.training.lessons import Lessons
from containers.inference.training.material import Material, Sources, read_material
from containers.inference.training.model_store import brought, brought_file
from containers.inference.training.network import TorchEngine
from containers.inference.training.options import Options
from containers.inference.training.output_directory import replaced
from containers.inference.training.publication import architecture_of, publish, version_of
from containers.inference.training.report import Evidence, Making, main_figures
from containers.inference.training.scored_texts import score_texts
from containers.inference.training.tokens import PAD_ID
from containers.inference.training.wide_fitting import add_wide_part
from shared.model_comparison import KEPT_AS


class GateFailed(Exception):
    """The model fails cases that it must pass: it is not published. The message says which, in counts."""


class NothingToLearn(ValueError):
    """Every text is of those that are held apart: give the trainer collected texts too."""


def main(options: Options) -> int:
    """Run as a command; the process's exit code."""
    try:
        run(options)
    except GateFailed as failed:
        say(f"not published, the behavioural suite is not passed: {failed}")
        return GATE_FAILED
    except TooLittleToCalibrate as lacking:
        say(f"nothing was taught: {lacking}")
        return TOO_LITTLE_TO_CALIBRATE
    except NothingToLearn as lacking:
        say(f"nothing was taught: {lacking}")
        return NOTHING_TO_LEARN
    return 0


def run(options: Options) -> None:
    """Reads, trains, exports, calibrates, measures and writes; progress goes to standard output.

    What lies at the output stays as it is until the new model has shown that it serves. Raises GateFailed,
    ModelUnusable, and ValueError for texts that cannot be used or are too few.
    """
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.schedule.seed)
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    with tempfile.TemporaryDirectory(prefix="bloom-training-") as folder:
        sources, base = _brought(options, Path(folder))
        files, material = sources.files, read_material(sources)
        for line in material.told():
            say(line)
        require_texts_at_risk([text.label == RISK_CLASS for text in _judged_by(material.parts["validation"])])
        if options.schedule.epochs and not in_split(material.posts, "train"):
            raise NothingToLearn("every text and answer is of those that are held apart")
        start = beginning(options, base, material)
    say(f"network of {sum(weight.numel() for weight in start.network.parameters()):,} weights")
    classifier = Classifier(start.described, start.tokenizer, TorchEngine(start.network))
    if options.schedule.epochs:
        _teach(options, material, start, classifier, _checkpoints(options, material, files, start))
    if options.wide:
        _widened(material, start)
    with replaced(options.output) as folder:
        _finished(replace(options, output=folder), material, start, files)


def _finished(options: Options, material: Material, start: Start, files: Mapping[str, str]) -> None:
    """From a network that has learnt to a model that serves. Raises GateFailed, ModelUnusable."""
    export(start.network, options.output, options.precision)
    engine = OnnxEngine(options.output / "model.onnx", options.threads, PAD_ID)
    classifier, thresholds = _calibrated(Classifier(start.described, start.tokenizer, engine), material)
    _judged(options, material, start, classifier, thresholds, files)


def _brought(options: Options, folder: Path) -> tuple[Sources, Path | None]:
    """Everything that the options name, here."""
    base = brought(str(options.base), folder / "base") if options.base else None
    foreign = brought_file(str(options.foreign), folder) if options.foreign else None
    return Sources([brought_file(str(name), folder) for name in options.data], foreign, options.feedback), base


def _checkpoints(options: Options, material: Material, files: Mapping[str, str], start: Start) -> Checkpoints:
    """Where the run is kept; another run's checkpoint, of other data say, is not gone on from."""
    made_of = [
        files,
        [(template.language, template.label, template.phrase) for template in material.templates],
        asdict(options.schedule),
        asdict(options.plan),
        asdict(options.size),
        options.dropout,
        start.goes_on_from,
        start.made_of,
        start.described.window_tokens,
    ]
    identity = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    return Checkpoints(options.work, identity)


def _teach(
    options: Options, material: Material, start: Start, classifier: Classifier, checkpoints: Checkpoints
) -> None:
    posts = in_split(material.posts, "train")
    templates = [template for template in material.templates if template.split == "train"]
    lessons = Lessons(posts, in_split(material.foreign, "train"), templates, options.plan)
    rarity = torch.tensor([(len(posts) / max(1, count)) ** 0.25 for count in class_counts(posts)])
    watched = in_split(material.posts, "validation"), held_out_messages(material.templates, "validation")

    def score() -> float:
        """Mean of the posts' accuracy and macro-F1 and the clinic messages' accuracy."""
        posts_found, clinic_found = (
            measure(texts, score_texts(classifier, texts).probabilities(classifier), {}) for texts in watched
        )
        found = posts_found.accuracy.value, posts_found.macro_f1, clinic_found.accuracy.value
        say("  posts {:.4f} accuracy, {:.4f} macro-F1; clinic {:.4f} accuracy".format(*found))
        return sum(found) / len(found)

    window_tokens = classifier.description.window_tokens
    weights = rarity / rarity.mean()
    fit(start.network, start.tokenizer, window_tokens, lessons, weights, score, options.schedule, checkpoints)


def _widened(material: Material, start: Start) -> None:
    taught, validation = material.parts["train"], material.parts["validation"]
    chosen = add_wide_part(start.network, start.tokenizer, taught, validation, start.described.window_tokens)
    say(
        f"wide part: share {chosen.share} of the say, half of it at {chosen.half_say} pieces, warmth "
        f"{chosen.warmth}; validation: surprise {chosen.surprise:.4f}, macro-F1 "
        f"{chosen.macro_f1:.4f}, clinic accuracy {chosen.clinic_accuracy:.4f}"
    )


def _calibrated(classifier: Classifier, material: Material) -> tuple[Classifier, dict[str, RiskThreshold]]:
    """The classifier with its temperature and thresholds, both fitted on validation, and how those were chosen.

    Temperature by posts, therapists' answers and phrases, thresholds without the phrases where there is anything else.
    """
    scored = score_texts(classifier, material.parts["validation"])
    ours = scored.where([_is_ours(text) for text in scored.texts])
    classifier = with_temperature(classifier, fitted_temperature(classifier, ours))
    chosen = set(_judged_by(ours.texts))
    judged = ours.where([text in chosen for text in ours.texts])
    risk = judged.probabilities(classifier)[:, LABELS.index(RISK_CLASS)]
    thresholds = risk_thresholds(risk, [text.label == RISK_CLASS for text in judged.texts])
    values = {level: threshold.value for level, threshold in thresholds.items()}
    return classifier.described_as(replace(classifier.description, thresholds={RISK_CLASS: values})), thresholds


def _is_ours(text: LabelledText) -> bool:
    return text.label in LABELS and text.kind != "foreign"


def _judged_by(texts: Sequence[LabelledText]) -> list[LabelledText]:
    """What thresholds are chosen by. Phrases are no sample of anything: how many there are of which kind is their
    authors' choice."""
    ours = [text for text in texts if _is_ours(text)]
    return [text for text in ours if text.kind in ("post", FEEDBACK)] or ours


def _judged(
    options: Options,
    material: Material,
    start: Start,
    classifier: Classifier,
    thresholds: Mapping[str, RiskThreshold],
    files: Mapping[str, str],
) -> None:
    """Measure on what was held apart, tell, and publish what passes the gate. Raises GateFailed, ModelUnusable."""
    tested = material.parts["test"]
    found = score_texts(classifier, tested).probabilities(classifier)
    passed = run_suite(classifier, material.suite)
    evidence = Evidence(
        version=version_of(options.output, classifier.description, bool(start.goes_on_from)),
        described=classifier.description,
        thresholds=thresholds,
        making=_making(options, material, start, files),
        parts=material.parts,
        found=found,
        behaviour=passed,
        unseen=run_suite(classifier, read_unseen()),
        baselines=baselines([text for text in material.posts if text.kind == "post"]) if options.baselines else [],
    )
    failures = gate_failures(passed, options.gate)
    if failures:
        raise GateFailed("; ".join(failures))
    beside: dict[str, Any] = {}
    if options.champion:
        comparison = _comparison(options.champion, classifier, evidence)
        beside = {f"{KEPT_AS}.json": comparison} if comparison else {}
    _tell(publish(options.output, start.network, start.tokenizer, evidence, beside))


def _comparison(champion: Path, classifier: Classifier, evidence: Evidence) -> dict[str, Any] | None:
    """What both models say in counts; None, and said so, where the champion does not serve beside this code."""
    try:
        beside = compared(champion, classifier, evidence.parts["test"], evidence.found, evidence.behaviour)
    except ModelUnusable as unusable:
        say(f"the model that serves cannot be compared with: {unusable}")
        return None
    return beside.model_dump(mode="json", by_alias=True)


def _making(options: Options, material: Material, start: Start, files: Mapping[str, str]) -> Making:
    own = data_statement(material, start.goes_on_from, options.schedule.epochs)
    return Making(
        architecture=architecture_of(start.network),
        precision=options.precision,
        goes_on_from=start.goes_on_from,
        about_data=options.about_data.read_text(encoding="utf-8") if options.about_data else own,
        seed=options.schedule.seed,
        epochs=options.schedule.epochs,
        files=files,
        dropped=material.dropped,
    )


def _tell(written: Mapping[str, Any]) -> None:
    """The figures that a run is asked for first, on standard output."""
    figures, behaviour = main_figures(written), written["behaviour"]
    say(f"accuracy {figures['accuracy']['value']:.4f}, macro-F1 {figures['macroF1']['value']:.4f}")
    for one in written["baselines"]:
        say(f"  {one['name']}: accuracy {one['accuracy']['value']:.4f}, macro-F1 {one['macroF1']['value']:.4f}")
    for level, risk in figures["risk"].items():
        sensitivity, ppv = risk["sensitivity"]["value"], risk["ppv"]["value"]
        say(f"{level} from {risk['threshold']}: sensitivity {sensitivity:.4f}, PPV {ppv:.4f}")
    for language, sides in behaviour["byLanguage"].items():
        danger, calm = sides["danger"], sides["noDanger"]
        say(
            f"suite, {language}: danger {danger[0]} of {danger[1]} flagged, {calm[0]} of {calm[1]} others left in peace"
        )
    danger, calm = written["unseen"]["danger"], written["unseen"]["noDanger"]
    say(f"unseen: {danger['hits']} of {danger['of']} flagged, {calm['hits']} of {calm['of']} others left in peace")
