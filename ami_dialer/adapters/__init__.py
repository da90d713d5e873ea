"""The outside world; each adapter implements a port, and none knows another."""
