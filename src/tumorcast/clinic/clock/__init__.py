"""`tumorcast clock`: what is shown of epigenetic clocks."""
