"""Torch starts here: the batch type, dataset and collate."""
