"""Web APIs that lists are fetched from: the client, what it may be sent to, how it is known, and paging."""
