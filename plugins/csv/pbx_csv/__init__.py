"""CSV as a source: a file, a folder of files or an address, packed as zip or not; see docs/csv.md."""
