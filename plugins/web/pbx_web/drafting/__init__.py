"""Profiles as their pages edit them: files of the profiles folder, and drafts of them that travel in forms."""
