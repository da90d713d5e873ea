"""The clockwork: knows when, never what. It passes a contact from station to station."""
