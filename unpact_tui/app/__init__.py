"""The inspector: the only place that knows Textual."""
