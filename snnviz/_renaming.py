"""Names that changed: the old ones work for one version, with a warning."""

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

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
                    warnings.warn(
                        f"{old} of {function.__name__} is called {new} now; the old name goes with "
                        "the next version",
                        DeprecationWarning,
                        stacklevel=2,
                    )
                    kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return wrapper

    return decorate
