"""The digital twin: a posterior over a patient's tumour size, its forecast and its record."""
