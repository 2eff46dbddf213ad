"""Two ways to run the typed tree: `closures`, plain and slow, is the oracle for the compiled one."""
