"""The linear models that a network is set beside, and what its figures owe to marks and length."""

import random
from collections.abc import Iterator

import pytest

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("default")]
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from containers.inference.classifier import Classifier  # noqa: E402
from containers.inference.normalisation import normalise  # noqa: E402
from containers.inference.training.ablation import ablations, everyday_when_long, marks  # noqa: E402
from containers.inference.training.baselines import baselines  # noqa: E402
from containers.inference.training.labelled_texts import LabelledText  # noqa: E402
from containers.inference.training.linear_models import fitted, margin, surprise  # noqa: E402
from containers.inference.training.weighted_terms import WeightedTerms  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Of matrices this small, threads would spend their time waiting for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def posts() -> list[LabelledText]:
    """The words tell the label; a third of the words are anybody's."""
    chance = random.Random(2)
    words = {"Normal": "lunch film dog", "Suicidal": "die end gone", "Stress": "boss deadline load"}
    return [
        LabelledText(" ".join(chance.choices(f"i the so {words[label]}".split(), k=8)), label, part=part)
        for part, each in (("train", 20), ("validation", 10), ("test", 10))
        for label in words
        for _ in range(each)
    ]


def test_linear_models_find_what_words_tell(posts: list[LabelledText]) -> None:
    found = baselines(posts)
    assert [one.name.split(",")[0] for one in found] == ["logistic regression", "linear SVM"] * 2
    assert all(one.figures.accuracy.of == 30 for one in found)
    assert all(one.figures.macro_f1 > 0.9 for one in found)


def test_pairs_tell_what_words_alone_do_not() -> None:
    texts = ["not bad so good", "not good so bad"] * 10
    wanted = torch.eye(2).repeat(10, 1)
    for longest, apart in ((1, False), (2, True)):
        terms = WeightedTerms(texts, longest)
        scores = fitted(terms.features(texts), wanted, 100.0).scores(terms.features(texts[:2]))
        assert (float((scores[0] - scores[1]).abs().max()) > 0.1) is apart


def test_fitted_weights_are_at_their_optimum(posts: list[LabelledText]) -> None:
    texts = [post.text for post in posts]
    features, wanted = WeightedTerms(texts).features(texts), torch.tensor([post.target for post in posts])
    for loss in (surprise, margin):
        model = fitted(features, wanted, 5.0, loss)
        weights = model.weights.clone().requires_grad_()
        total = loss(features.to_dense() @ weights + model.bias, wanted).mean()
        total = total + weights.square().sum() / (2 * 5.0 * len(texts))
        total.backward()
        assert float(weights.grad.abs().max()) < 1e-3


def test_the_same_words_written_otherwise_get_the_same_answer(classifier: Classifier) -> None:
    written = "I can't go on, I don't want to be here... they're \"fine\" without me!"
    posts = [LabelledText(normalise(written), "Suicidal", written=written), LabelledText("see you on friday", "Normal")]
    found = ablations(classifier, posts)
    assert {one.name for one in found} >= set(marks())
    assert all(one.changed == 0 for one in found if one.name in marks())


def test_everyday_talk_stays_everyday_when_it_is_long(classifier: Classifier) -> None:
    talk = ["we had lunch", "the dog is fine", "see you on friday", "thanks for today", "i went for a run", "nice film"]
    assert everyday_when_long(classifier, [LabelledText(text, "Normal") for text in talk]) == 1
