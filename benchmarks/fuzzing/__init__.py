"""Readers of bytes and text of others, and what holds whatever they are given."""
