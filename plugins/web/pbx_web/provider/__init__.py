"""The provider's own pages: its phone systems, who sees to them, and what is published for each."""
