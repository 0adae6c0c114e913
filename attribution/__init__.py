"""Measuring: how much each prompt token contributes to an answer, and what brings it back."""
