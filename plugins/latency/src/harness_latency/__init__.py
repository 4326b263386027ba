"""Latency under open-loop load: the share of requests over a limit, with an interval."""
