"""Benchmarks: every figure of the README is printed by one of these commands."""
