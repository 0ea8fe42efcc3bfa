"""Guards that keep training and test apart."""

from __future__ import annotations

from collections.abc import Iterable

from tumorcast.domain.errors import LeakageError

_MOST_NAMED = 5


def check_disjoint(train_ids: Iterable[object], test_ids: Iterable[object], what: str = "patients") -> None:
    """Refuse identifiers that stand on both sides; compared as text without surrounding spaces.

    Args:
        train_ids, test_ids: identifiers, each as often as it likes.
        what: the plural that the message uses ("patients", "slides").

    Raises:
        LeakageError: at least one is on both sides; the first few are named.
    """
    shared = sorted(_names(train_ids) & _names(test_ids))
    if not shared:
        return
    named = ", ".join(shared[:_MOST_NAMED]) + (", ..." if len(shared) > _MOST_NAMED else "")
    raise LeakageError(
        f"{len(shared)} {what} are both in training and in test",
        got=named,
        expected=f"{what} on one side only",
        fix=f"split by {what}, not by rows, and give each one name throughout",
    )


def _names(ids: Iterable[object]) -> set[str]:
    return {str(name).strip() for name in ids}
