"""One file a command, thin; imports lazily."""
