"""The engine in a child process: what is said to it and what it says."""
