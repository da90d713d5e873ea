"""Configuration: `config.yaml` read into typed, checked objects.

`schema` says what may be written, `load` reads a file and reports every problem with its line.
"""
