"""Coming from the original: its profiles, of PHP and a JSON template, become profiles of pbx-connector."""
