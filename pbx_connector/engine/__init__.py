"""The engine: which tenant's profile runs when and where, and that no run is lost or made twice at once.

    profiles with next_at  ──dispatcher──►  queues  ──worker──►  application.runs.run  ──►  the tenant's store
              ▲                                                        │
              └───────────── when it is to run again ◄─────────────────┘

What a run did stands in the tenant's store alone: its history, leases and fencing tokens. What is here says only what
is waiting, what is being run by whom, and when each profile is due. The service of one phone system uses `port`,
`in_process` and `unattended`, and keeps the times itself; all else is for many, and needs the extra `scale`.
"""
