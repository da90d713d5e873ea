"""`ami-dialer doctor`: asks everything a campaign needs of this machine and of each Asterisk, before a call does.

One file for each group of checks; `check` runs them, `round` knows their order.
"""
