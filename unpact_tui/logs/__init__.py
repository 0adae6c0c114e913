"""Published evaluation logs read back: their numbers, and the same computed again from their rows.

Without a model and without torch. A file that somebody else wrote is either read or refused in one
sentence (`BadLog`); what it holds is never taken for granted.
"""
