"""What the plugin adds to the core; found through the entry point group `pbx_connector`. What only some commands need
is imported where it is asked for."""
