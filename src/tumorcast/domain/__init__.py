"""Words of the field as types. Standard library only."""
