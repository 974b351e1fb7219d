#!/usr/bin/env python3
"""The performance collector: `python run_collector.py --help`."""

from collectors.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
