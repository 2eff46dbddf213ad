"""CardDAV address books as a source of pbx-connector."""
