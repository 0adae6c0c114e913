"""One run of unlearning, checkpoint by checkpoint. Importing this imports nothing heavy."""
