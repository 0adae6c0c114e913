"""What unlearning does to attention, recovery and words, measured over many models.

`unpact-tui bench --findings`: a family of models is measured one by one, each into a file of its
own, and what they show together becomes a page. Importing this imports nothing heavy.
"""
