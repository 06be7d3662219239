"""Broken and hostile files by the thousand, and what snnviz makes of them."""
