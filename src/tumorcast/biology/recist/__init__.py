"""RECIST 1.1 and iRECIST: from lesions to responses. Pure rules; tables are read in `readers`, written in `clinic`."""
