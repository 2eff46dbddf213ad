"""The administrator's pages: profiles, simulations, plans, runs and the phone book, in a browser."""
