"""What a run can say of its own texts where nobody has told it more: how many there were, and what it went on from."""

from collections.abc import Iterable

from containers.inference.training.material import Material


def data_statement(material: Material, goes_on_from: str, epochs: int) -> str:
    """Markdown for the model card; therapists' answers are counted there already."""
    posts = [text for text in material.posts if text.kind == "post"]
    given = [
        _counted(len(posts), "collected texts with one of the seven labels", (text.language for text in posts)),
        _counted(
            len(material.foreign),
            "texts under labels of a file of their own",
            (text.language for text in material.foreign),
        ),
    ]
    texts = "; ".join(filter(None, given)) or "No collected texts"
    return (
        f"{texts}. Where they come from, and what may be done with them, was not told to this run (`--about-data`); "
        f"the checksums of their files are in the report.\n\n{_beginning(goes_on_from, epochs)}"
    )


def _counted(count: int, what: str, languages: Iterable[str]) -> str:
    return f"{count:,} {what} ({', '.join(sorted(set(languages)))})" if count else ""


def _beginning(goes_on_from: str, epochs: int) -> str:
    if not goes_on_from:
        return "It began with nothing but these texts and the phrases below."
    taught = (
        "It went on from"
        if epochs
        else "Its network was taught nothing in this run, only calibrated and measured: it is that of"
    )
    return f"{taught} `{goes_on_from}`. Whatever that learnt, from whatever texts, is in this one too."
