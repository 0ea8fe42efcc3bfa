"""What a lab keeps: cases, jobs, results, reports, users, audit; site verification. No HTTP, no torch."""
