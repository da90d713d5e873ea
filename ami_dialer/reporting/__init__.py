"""What people and programs ask for: progress, the way of one contact, outcomes and answers."""
