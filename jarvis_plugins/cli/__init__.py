"""The command line: ``jarvis``. Importing it, and ``jarvis --help``, load no model and no torch."""
