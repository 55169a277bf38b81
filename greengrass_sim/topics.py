"""MQTT topic names and topic filters (MQTT 3.1.1, section 4.7)."""

from __future__ import annotations

from collections.abc import Iterable

MAX_BYTES = 65535


def filter_problem(topic_filter: str) -> str | None:
    """What is wrong with a topic filter, or None."""
    problem = _text_problem(topic_filter)
    if problem:
        return problem
    levels = topic_filter.split("/")
    for number, level in enumerate(levels):
        if level not in ("+", "#") and ("+" in level or "#" in level):
            return f"in level {level!r} a wildcard must stand alone"
        if level == "#" and number != len(levels) - 1:
            return "'#' is allowed only as the last level"
    return None


def name_problem(topic: str) -> str | None:
    """What is wrong with a topic that a message is published to, or None."""
    problem = _text_problem(topic)
    if problem:
        return problem
    return (
        "a message is published to one topic, without the wildcards '+' and '#'"
        if set("+#") & set(topic)
        else None
    )


def matches(topic_filter: str, topic: str) -> bool:
    """Whether `topic` falls under a valid filter; a leading wildcard never matches a leading `$`."""
    if topic[:1] == "$" and topic_filter[:1] in ("+", "#"):
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for number, level in enumerate(wanted):
        if level == "#":
            return True
        if number >= len(levels) or level not in ("+", levels[number]):
            return False
    return len(wanted) == len(levels)


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic under the filter `narrow` also falls under the filter `wide`."""
    if narrow[:1] == "$" and wide[:1] in ("+", "#"):
        return False
    wanted, levels = wide.split("/"), narrow.split("/")
    for number, level in enumerate(wanted):
        if level == "#":
            return True
        if number >= len(levels) or levels[number] == "#" or level not in ("+", levels[number]):
            return False
    return len(wanted) == len(levels)


def minimal_cover(filters: Iterable[str]) -> list[str]:
    """The filters that remain when each one that another covers is left out, sorted.

    A broker may deliver a message once for each filter that matches, so the fewer the better.
    """
    unique = sorted(set(filters))
    return [one for one in unique if not any(other != one and covers(other, one) for other in unique)]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question to append to an error message, or the empty string."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _text_problem(text: str) -> str | None:
    if not text:
        return "it is empty"
    if "\0" in text:
        return "it holds a null character"
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return f"it is longer than {MAX_BYTES} bytes"
    return None
