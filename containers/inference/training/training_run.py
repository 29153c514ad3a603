"""One training run from files to a model directory, in order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from tokenizers import Tokenizer
from transformers import XLMRobertaForSequenceClassification

from containers.inference.classifier import Classifier
from containers.inference.engines import OnnxEngine
from containers.inference.model_directory import ModelDescription
from containers.inference.training.calibration import RISK_CLASS, fitted_temperature, risk_thresholds, with_temperature
from containers.inference.training.clinic_phrases import Template, held_out_messages, read_templates
from containers.inference.training.evaluation import measure
from containers.inference.training.export import export_onnx
from containers.inference.training.fitting import fit
from containers.inference.training.labelled_texts import (
    LABELS,
    LabelledText,
    class_counts,
    in_split,
    read_foreign,
    read_posts,
)
from containers.inference.training.lessons import Lessons
from containers.inference.training.network import (
    TorchEngine,
    class_leanings,
    company_vectors,
    load_network,
    new_network,
)
from containers.inference.training.options import Options
from containers.inference.training.publication import publish
from containers.inference.training.scored_texts import ScoredTexts, score_texts
from containers.inference.training.tokens import END_ID, PAD_ID, START_ID, train_tokenizer

_OVERLAP = 32


@dataclass(frozen=True)
class Material:
    """All texts, split before anything is drawn from them."""

    posts: Sequence[LabelledText]
    foreign: Sequence[LabelledText]
    templates: Sequence[Template]

    def texts(self, split: str, per_template: int = 3) -> list[LabelledText]:
        """Posts, foreign texts and clinic messages of one split."""
        messages = held_out_messages(self.templates, split, per_template)
        return in_split(self.posts, split) + in_split(self.foreign, split) + messages


def run(options: Options) -> None:
    """Reads, trains, exports, calibrates, measures and writes; progress goes to standard output."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.schedule.seed)
    torch.use_deterministic_algorithms(True)
    material = read_material(options)
    _say(f"{len(material.posts)} posts, {len(material.foreign)} foreign texts, {len(material.templates)} templates")
    tokenizer, network = _beginning(options, material)
    _say(f"network of {sum(weight.numel() for weight in network.parameters()):,} weights")
    classifier = Classifier(_description(options), tokenizer, TorchEngine(network))
    if options.schedule.epochs:
        _teach(options, material, network, tokenizer, classifier)
    options.output.mkdir(parents=True, exist_ok=True)
    export_onnx(network, options.output / "model.onnx", options.precision)
    engine = OnnxEngine(options.output / "model.onnx", options.threads, PAD_ID)
    classifier = _calibrated(Classifier(classifier.description, tokenizer, engine), material)
    publish(options, network, tokenizer, classifier, score_texts(classifier, material.texts("test")))


def read_material(options: Options) -> Material:
    """The files that the options name, and the templates of this folder."""
    posts = {text.text: text for path in options.data for text in read_posts(path)}
    foreign = read_foreign(options.foreign) if options.foreign else []
    return Material(list(posts.values()), foreign, read_templates())


def _beginning(options: Options, material: Material) -> tuple[Tokenizer, XLMRobertaForSequenceClassification]:
    """Tokenizer and network to start from: those of the base, or new ones."""
    if options.base:
        return Tokenizer.from_file(str(options.base / "tokenizer.json")), load_network(options.base)
    taught = material.texts("train", per_template=20)
    texts = [text.text for text in taught]
    tokenizer = train_tokenizer(texts, options.size.vocabulary)
    vocabulary = tokenizer.get_vocab_size()
    network = new_network(options.size, vocabulary, options.dropout)
    encoded = [found.ids for found in tokenizer.encode_batch(texts, add_special_tokens=False)]
    leanings = class_leanings(encoded, torch.tensor([text.target for text in taught]), vocabulary)
    company = company_vectors(encoded, vocabulary, options.size.hidden - len(LABELS))
    network.roberta.embeddings.word_embeddings.weight.data.copy_(torch.cat([leanings, company], dim=1))
    return tokenizer, network


def _description(options: Options) -> ModelDescription:
    return ModelDescription(
        version="in training",
        labels=LABELS,
        pad_id=PAD_ID,
        start_id=START_ID,
        end_id=END_ID,
        window_tokens=options.size.window_tokens,
        window_overlap=min(_OVERLAP, options.size.window_tokens // 4),
        temperature=1.0,
        thresholds={RISK_CLASS: {}},
        self_test=(),
        metrics={},
    )


def _teach(
    options: Options,
    material: Material,
    network: XLMRobertaForSequenceClassification,
    tokenizer: Tokenizer,
    classifier: Classifier,
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
        _say("  posts {:.4f} accuracy, {:.4f} macro-F1; clinic {:.4f} accuracy".format(*found))
        return sum(found) / len(found)

    window_tokens = classifier.description.window_tokens
    fit(network, tokenizer, window_tokens, lessons, rarity / rarity.mean(), score, options.schedule)


def _calibrated(classifier: Classifier, material: Material) -> Classifier:
    """The classifier with its temperature and thresholds, both fitted on validation."""
    scored = score_texts(classifier, material.texts("validation"))
    ours = scored.where([text.label in LABELS and text.kind != "foreign" for text in scored.texts])
    classifier = with_temperature(classifier, fitted_temperature(classifier, ours))
    thresholds = {RISK_CLASS: _thresholds(classifier, ours)}
    return classifier.described_as(replace(classifier.description, thresholds=thresholds))


def _say(progress: str) -> None:
    print(progress, flush=True)  # noqa: T201 - progress of a command


def _thresholds(classifier: Classifier, scored: ScoredTexts) -> dict[str, float]:
    risk = scored.probabilities(classifier)[:, LABELS.index(RISK_CLASS)]
    return risk_thresholds(risk, [text.label == RISK_CLASS for text in scored.texts])
