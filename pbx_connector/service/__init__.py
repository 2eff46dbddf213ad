"""The service: one process that runs the profiles of a folder on schedule, tells people, and can be asked how it is.

folder (files -> ProfileFile) -> scheduler (when) -> workers (a few threads) -> execution (claim, run, record, tell)
process holds them together; health and metrics look at the board, web serves both
"""
