"""Published tables, and a cohort's own files, made into study folders."""
