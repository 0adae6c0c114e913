"""Results read back into one page: runs, triages, courses of training, findings, weights."""
