"""The corpus of networks that nobody wrote to suit snnviz, and what they really emit."""
