"""What a site does before go-live and every day after: verification, control slide, drift, slides scanned twice."""
