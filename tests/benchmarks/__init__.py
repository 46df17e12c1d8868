"""Benchmarks: `./run bench NAME`. What they found stands in docs/performance.md."""
