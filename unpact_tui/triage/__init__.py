"""Many checkpoints beside one base: measured, ranked, kept. Imports nothing heavy."""
