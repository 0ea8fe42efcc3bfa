"""tumorcast: predicts how a tumour will respond to a treatment. Research use only."""

__version__ = "0.1.0"
