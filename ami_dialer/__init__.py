"""An outbound campaign dialer that lives inside a running Asterisk.

The way of a contact, one file per station in `ami_dialer/journey/`:

1. intake       rows in, numbers made E.164, doubles dropped
2. scrub        do-not-call entries take an enrolment out
3. hopper       enrolments that are due are claimed for dialing now
4. pacing       how many calls may start now, and why not more
5. originate    attempt committed, then the call is placed
6. amd          person, machine, fax or silence
7. flow         prompts, questions, opt-out
8. disposition  how it ended, and why
9. retry        again? when?
10. report      counts and answers
"""

__version__ = "0.1.0"
