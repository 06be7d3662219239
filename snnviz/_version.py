"""The version of the package, in a file of its own: any module may read it."""

__version__ = "0.2.0"
