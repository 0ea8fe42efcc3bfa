"""What a patient's own genome and methylome say, from the files of `pgx`, `pgs` and `clock`, beside a prediction."""
