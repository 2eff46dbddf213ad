"""The original's Structure: JSON with Handlebars in it, read into records with conditions and repetitions."""
