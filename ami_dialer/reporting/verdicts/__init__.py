"""What `ami-dialer explain` tells: may a number be called, why was an attempt allowed, whom may a whole run call.

- `asking`: the campaigns that would call, and the rules they are judged by
- `of_number`: one number, at one moment, for each campaign that knows it
- `of_attempt`: an attempt, from the verdict that is kept with it
- `of_run`: everybody whom a campaign would call
"""
