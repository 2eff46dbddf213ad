"""Who may log in, and who is logged in."""
