"""Which genes, pathways, proteins and tiles a trained model leans on, and what of it holds on unseen patients."""
