"""The web page and API over the lab."""
