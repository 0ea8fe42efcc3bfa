"""Published science as tables and formulas; nothing trained."""
