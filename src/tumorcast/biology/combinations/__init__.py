"""What a combination of drugs is compared with: independent action and additivity, formulas on distributions."""
