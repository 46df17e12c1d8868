"""The test clock of a sandbox: `offset` says how far it is ahead, `moving` sets and advances it.

It exists only with LOYALTY_SANDBOX=1, which production refuses: at the start (`loyalty.settings`) and at every call.
"""
