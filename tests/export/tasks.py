"""Tasks for workers, which import this and nothing that takes long."""

import os

from snnviz.errors import ExportError


def double(number):
    return 2 * number


def die_at_three(number):
    if number == 3:
        os._exit(1)
    return number


def refuse_three(number):
    if number == 3:
        raise ExportError("three is refused")
    return number


def describe(task):
    name, arrays = task
    return name, [(array.dtype.str, array.tolist()) for array in arrays]
