"""The sentences beneath a sweep's figures: what stands next to the best row, and how many rows lost."""

from __future__ import annotations

from adm_notebook.display.numbers import value_text
from adm_notebook.display.subject import Subject
from adm_notebook.display.sweeps import is_missing, neighbours, ok_rows, plane_of
from adm_notebook.display.words import Words, clip, enumerated

__all__ = ["caption", "lede"]

_PLATEAU = 0.75  # of the best: neighbours above that make a plateau
_MANY = 10  # tries from which the best is told to flatter itself


def lede(subject: Subject) -> str:
    """Its neighbours, how many lost money, and what the best of many tries is worth."""
    if not subject.is_sweep or subject.best is None or subject.n_ok < 2:
        return ""
    sentences = [_neighbours(subject), _lost(subject), _chosen(subject)]
    if subject.n_ok >= _MANY:
        sentences.append("The best of many tries on one history flatters itself; test it on years it has not seen.")
    return " ".join(s for s in sentences if s)


def _neighbours(subject: Subject) -> str:
    facts, o = subject.result.facts, subject.objective
    if subject.best is None or not subject.swept or not facts.maximise:
        return ""
    best = subject.result.metrics[o.name]
    if not best > 0:
        return ""
    near = neighbours(subject.stats, subject.best, subject.swept, o.name)
    if len(near) == 0:
        return ""
    low, high = o.number(float(near.min())), o.number(float(near.max()))
    if len(near) == 1:
        return f"Its one neighbour has {low} as its {o.words}; one alone doesn't tell a plateau from a lone peak."
    verdict = "a broad plateau, not a lone peak" if near.min() > _PLATEAU * best else "a lone peak, not a broad plateau"
    return f"Its {len(near):,} neighbours have {o.plural} from {low} to {high}: {verdict}."


def _lost(subject: Subject) -> str:
    lost = int((ok_rows(subject.stats)["total_return"] < 0).sum())
    return (
        f"{lost:,} of {subject.n_ok:,} {subject.nouns[1]} lost money."
        if lost
        else f"None of the {subject.n_ok:,} {subject.nouns[1]} lost money."
    )


def _chosen(subject: Subject) -> str:
    """Where rows are not a whole grid: how they were chosen out of it, and what that does to their median."""
    search = subject.result.metadata.get("search")
    if not search:
        return ""
    chosen = f"{len(subject.stats):,} of {search['out_of']:,} combinations"
    if search["method"] == "random":
        return f"These are {chosen}, drawn at random."
    return f"Optuna tried {chosen}, most of them where it found good ones: their median is not that of the grid."


def caption(subject: Subject) -> Words:
    """What a picture of a sweep holds fixed: names (symbol, strategy, ...) and the parameters not on its axes."""
    axes = subject.axes
    if subject.best is None or not axes:
        return ()
    stats, best = subject.stats, subject.best
    shown = len(plane_of(stats, best, subject.swept, axes))
    if shown >= len(stats):
        return ()
    names = [clip(str(stats.at[best, c]), 40) for c in subject.varying_names]
    held = [c for c in subject.swept if c not in axes and stats[c].nunique() > 1 and not is_missing(stats.at[best, c])]
    kind = "heatmap" if len(axes) == 2 else "line"
    words: list[str] = [f"The {kind} shows ", *enumerated([clip(a, 40) for a in axes])]
    if held and len(axes) == 2:
        words.append(", which matter most," if names else ", which matter most")
    if names:
        words += [" for ", *enumerated(names)]
    if held:
        words.append("; the others as chosen: ")
        words += enumerated([f"{clip(c, 40)} {clip(value_text(stats.at[best, c]), 40)}" for c in held[:8]])
    return [*words, f" ({shown:,} of {len(stats):,} rows)."]
