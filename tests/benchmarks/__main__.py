"""`python -m tests.benchmarks NAME …`, called by `./run bench NAME …`, which provides server and database."""

from __future__ import annotations

import argparse
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")
django.setup()

from tests.benchmarks import demo, expiry, rules, sale, whatif  # noqa: E402  (Django first)

BENCHMARKS = {"demo": demo, "expiry": expiry, "rules": rules, "sale": sale, "whatif": whatif}


def main() -> int:
    """Run the benchmark that was asked for."""
    parser = argparse.ArgumentParser(prog="./run bench")
    names = parser.add_subparsers(dest="name", required=True)
    for name, module in BENCHMARKS.items():
        module.arguments(names.add_parser(name, help=(module.__doc__ or "").splitlines()[0]))
    options = parser.parse_args()
    if "LOYALTY_BENCH_URL" not in os.environ:
        parser.error(f"start it with ./run bench {options.name}: it needs a web server and a throw-away database")
    code: int = BENCHMARKS[options.name].main(options)
    return code


if __name__ == "__main__":
    sys.exit(main())
