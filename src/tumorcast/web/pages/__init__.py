"""Pages: drawn by the server, enlivened by small scripts."""
