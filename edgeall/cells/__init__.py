"""From a field to its white cells, and from a cell to the crop its network expects."""
