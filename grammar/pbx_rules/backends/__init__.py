"""Two ways to run the typed tree: `interpreter`, plain and slow, is the oracle for the compiled one."""
