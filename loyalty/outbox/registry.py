"""Who acts on which fact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loyalty.models import Fact

One = Callable[[Fact], None]
Many = Callable[[Sequence[Fact]], None]


@dataclass(frozen=True)
class Handler:
    """One function for facts of one name; `handle` takes any number of them, in order."""

    name: str  # module.function, so that loading a module twice registers once
    handle: Many


_handlers: dict[str, dict[str, Handler]] = {}


def on(fact_name: str, *, batch: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a handler for facts of this name; it is called in a transaction, with a savepoint around it.

    `(fact)`, or with `batch` `(facts)`: many at once where that is cheaper. If a batch fails, its facts are
    tried one by one, so that one bad fact holds up only its own account.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        name = f"{function.__module__}.{function.__qualname__}"
        _handlers.setdefault(fact_name, {})[name] = Handler(name, function if batch else _each(function))
        return function

    return register


def handlers_of(fact_name: str) -> list[Handler]:
    """The handlers in the order of registration."""
    return list(_handlers.get(fact_name, {}).values())


def _each(function: One) -> Many:
    def handle(facts: Sequence[Fact]) -> None:
        for fact in facts:
            function(fact)

    return handle
