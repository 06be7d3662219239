"""Figures in bulk: what matplotlib drew once, with the pictures of further images put in."""
