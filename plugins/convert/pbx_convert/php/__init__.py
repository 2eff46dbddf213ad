"""From PHP to rules: parsed by tree-sitter, followed symbolically, never run."""
