"""Published science as tables and formulas: genes, networks, expression sets, impacts, burden, agents."""
