"""On predictions and biology: the patient report."""
