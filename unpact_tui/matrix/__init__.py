"""The paper's matrix, methods x models x benchmarks, as a person writes it down in a file."""
