"""The inspector in a browser: one engine, one web server on the loopback address, many tabs."""
