"""Plugins that ship with the core: they carry notices to people, through the same api as anybody's plugin."""
