"""A slide with scores of its tiles, for the eyes: a zoomable page, a sheet of tiles, GeoJSON for QuPath."""
