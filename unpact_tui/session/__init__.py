"""What was done and what was said: a comparison that can be kept, undone and opened again."""
