"""What unlearning changed in the weights: streamed from two folders, without loading a model."""
