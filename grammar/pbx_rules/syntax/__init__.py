"""From the text of rules to a tree: `statements` splits, `tokens` reads words, `parser` builds the `tree`."""
