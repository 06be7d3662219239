"""What a pickle names and calls, found by looking through its instructions without following them.

The instructions' effect on the stack is imitated as far as it takes to tell a class that is named
from a function that is called, and to see tuples that no machine could hash.
"""

import pickletools
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from dataclasses import dataclass, field
from typing import IO, Any

from snnviz.errors import CheckpointError

# An honest file has a few thousand instructions, some twenty names, and tuples of a few items.
_MAX_INSTRUCTIONS = 500_000
_MAX_GLOBALS = 200
_MAX_TUPLE = 10_000
_FILLING = ("SETITEM", "SETITEMS", "APPEND", "APPENDS", "BUILD")


@dataclass
class _Item:
    """What lies on the stack of a pickle.

    Attributes:
        weight: How much hashing it visits.
        name: Its full name, if it is a class or a function that the file names.
        maker: The full name of what it was made by, if that is one.
        value: The number or text that it is, or those of a tuple, if it is one.
    """

    weight: int = 1
    name: str | None = None
    maker: str | None = None
    value: object = None


@dataclass
class Instructions:
    """What the pickles of a file name and call.

    Attributes:
        globals: Full names of the classes and functions that they name.
        calls: Those of them that are called.
        mappings: Those whose objects are given items by key, as a dict is.
        sequences: Those whose objects are given items at their end, as a list is.
        count: How many instructions there are.
        storages: How many numbers each storage of tensors is said to have, by what names it.
        extent: How many numbers a storage needs, so that the farthest of a tensor's lies in it.
    """

    globals: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    mappings: set[str] = field(default_factory=set)
    sequences: set[str] = field(default_factory=set)
    count: int = 0
    storages: dict[tuple[str, ...], int] = field(default_factory=dict)
    extent: int = 0

    def scan(self, stream: IO[bytes]) -> None:
        """Add the pickle that begins here; the stream stands behind it afterwards.

        Raises:
            CheckpointError: It does what no checkpoint does; the message has no path.
            ValueError: It is no pickle, or is cut off; broken ones raise other errors, too.
        """
        stack: list[_Item | None] = []  # None is a mark
        memo: dict[Any, _Item | None] = {}
        for instruction, argument, _ in pickletools.genops(stream):
            self.count += 1
            name = instruction.name
            if instruction.proto > 2:
                raise CheckpointError(
                    f"is a pickle of protocol {instruction.proto}, which torch's safe reader does "
                    "not take; save it again with torch.save and no pickle_protocol"
                )
            if self.count > _MAX_INSTRUCTIONS:
                raise CheckpointError(
                    f"has over {_MAX_INSTRUCTIONS:,} pickle instructions; no checkpoint does"
                )
            if name.endswith("PUT"):
                memo[argument] = stack[-1]
            elif name.endswith("GET"):
                stack.append(memo[argument])
            else:
                items = _take(stack, instruction)
                stack.extend(self._results(instruction, argument, items))

    def _results(
        self, instruction: pickletools.OpcodeInfo, argument: object, items: list[_Item]
    ) -> list[_Item | None]:
        name = instruction.name
        if name == "GLOBAL":
            return [_Item(name=self._global(str(argument)))]
        if name == "BINPERSID":
            self._storage(items[0].value)
        if name == "REDUCE" and items[0].name:
            self.calls.add(items[0].name)
            self.extent = max(self.extent, _extent(items[1].value))
        if name in ("REDUCE", "NEWOBJ"):
            return [_Item(maker=items[0].name)]
        if name in _FILLING:  # what is filled or given its state stays on the stack
            made_by = items[0].maker
            if made_by and name.startswith("SETITEM"):
                self.mappings.add(made_by)
            elif made_by and name.startswith("APPEND"):
                self.sequences.add(made_by)
            return [items[0]]
        if "TUPLE" in name:
            weight = 1 + sum(item.weight for item in items)
            # The hash of a tuple visits all within, shared parts again and again, on C's stack.
            if weight > _MAX_TUPLE:
                raise CheckpointError("nests tuples without end; no checkpoint does")
            return [_Item(weight, value=tuple(item.value for item in items))]
        return [
            None if kind is pickletools.markobject else _Item(value=argument)
            for kind in instruction.stack_after
        ]

    def _storage(self, parts: object) -> None:
        """Note a storage: a tuple of texts that name it, and how many numbers it has."""
        if isinstance(parts, tuple):
            named = tuple(part for part in parts if isinstance(part, str))
            size = max((part for part in parts if isinstance(part, int)), default=0)
            self.storages[named] = max(size, self.storages.get(named, 0))

    def _global(self, argument: str) -> str:
        module, _, name = argument.partition(" ")
        module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        self.globals.add(f"{module}.{name}")
        if len(self.globals) > _MAX_GLOBALS:
            raise CheckpointError(f"names over {_MAX_GLOBALS} classes; no checkpoint does")
        return f"{module}.{name}"


def _extent(arguments: object) -> int:
    """How far a tensor that is made of these reaches into its storage; 0 where they make none."""
    match arguments:
        case (_, int() as offset, tuple() as size, tuple() as stride, *_):
            if all(isinstance(number, int) for number in (*size, *stride)):
                steps = zip(size, stride, strict=False)
                reach: int = offset + 1 + sum((side - 1) * step for side, step in steps)
                return reach
    return 0


def _take(stack: list[_Item | None], instruction: pickletools.OpcodeInfo) -> list[_Item]:
    """The items that `instruction` takes off the stack, lowest first."""
    marked = pickletools.markobject in instruction.stack_before
    items: list[_Item] = []
    wanted = len(instruction.stack_before)
    if marked:
        while (item := stack.pop()) is not None:
            items.append(item)
        wanted = instruction.stack_before.index(pickletools.markobject)
    for _ in range(wanted):
        item = stack.pop()
        items.append(item or _Item())
    return items[::-1]
