"""What was done, by whom, and what is going on: records of runs and plans, leases, and the journal of change sets."""
