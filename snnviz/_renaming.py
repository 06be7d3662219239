"""Names that changed: the old ones work for one version, with a warning."""

import functools
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
Result = TypeVar("Result")


def renamed(**new_names: str) -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """A decorator for a function that also takes arguments by their old names.

    Args:
        new_names: The new name of each old one.

    Example:
        >>> @renamed(order="channels")
        ... def first(channels):
        ...     return channels[0]
        >>> with warnings.catch_warnings(action="ignore"):
        ...     first(order=[3, 1])
        3
    """

    def decorate(function: Callable[P, Result]) -> Callable[P, Result]:
        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> Result:
            for old, new in new_names.items():
                if old in kwargs:
                    _warn(f"{old} of {function.__name__}", new, stacklevel=3)
                    kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return wrapper

    return decorate


def dropped(
    name: str, place: int, kind: type
) -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """A decorator for a function that still takes, and leaves alone, an argument it had.

    Args:
        name: What it was called.
        place: Which one it was, from 0.
        kind: What it was; nothing else at that place is taken as it.

    Example:
        >>> @dropped("names", 1, list)
        ... def first(values, default):
        ...     return values[0] if values else default
        >>> with warnings.catch_warnings(action="ignore"):
        ...     first([], ["a"], 3)
        3
    """

    def decorate(function: Callable[P, Result]) -> Callable[P, Result]:
        @functools.wraps(function)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> Result:
            given = list(args)
            if name in kwargs or (len(given) > place and isinstance(given[place], kind)):
                if name in kwargs:
                    del kwargs[name]
                else:
                    del given[place]
                warnings.warn(
                    f"{function.__name__} needs no {name} any more; the next version refuses them",
                    DeprecationWarning,
                    stacklevel=2,
                )
            return function(*given, **kwargs)  # type: ignore[arg-type]

        return wrapper

    return decorate


def old_names(
    module: str, new_names: Mapping[str, str], load: Callable[[str], Any] | None = None
) -> Callable[[str], Any]:
    """A `__getattr__` for a module that also has what it holds by the old names.

    Args:
        module: The module's full name.
        new_names: The new name of each old one.
        load: Gives what has any other name; None: there is nothing else.
    """

    def get(name: str) -> Any:
        if name not in new_names:
            if load is not None:
                return load(name)
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        new = new_names[name]
        _warn(f"{module}.{name}", new, stacklevel=3)
        return getattr(import_module(module), new)

    return get


def old_attribute(old: str, new: str) -> Any:
    """A property for a class that has what `new` holds by its old name, too."""

    def get(instance: object) -> Any:
        _warn(f"{type(instance).__name__}.{old}", new, stacklevel=3)
        return getattr(instance, new)

    return property(get)


def _warn(old: str, new: str, stacklevel: int) -> None:
    warnings.warn(
        f"{old} is called {new} now; the old name goes with the next version",
        DeprecationWarning,
        stacklevel=stacklevel,
    )
