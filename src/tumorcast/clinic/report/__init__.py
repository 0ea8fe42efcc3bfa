"""The patient report: facts of one treatment course -> HTML, PDF, FHIR, GeoJSON."""
