"""Guards: each looks at one course's input and yields findings; `table.RULES` lists them all."""
