"""The command line: reads options, calls the core, prints for people or as JSON. One command a file."""
