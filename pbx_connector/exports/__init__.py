"""The export formats that ship with the core: plugins like any other, found by entry point, built on the api alone."""
