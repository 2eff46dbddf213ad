"""Many phone systems in one control database: which tenants there are, what is published for each, and their secrets.

`application.tenants` is what people do with it; the engine that runs their profiles reads `schedule` in `tables`.
"""
