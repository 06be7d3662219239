"""One file a framework, called as its package: what `snnviz.adapters.protocol` asks of it."""
