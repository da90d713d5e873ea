"""Those who take calls: agents on lines, members of queues, sessions of dialplans; and what they do."""
