"""How a network that answers does on labelled images: accuracy, operations, importance."""
