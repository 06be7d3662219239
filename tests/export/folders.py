"""Folders of exports, for comparing them whole."""


def contents(folder):
    """The bytes of every file below `folder`, by its path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
