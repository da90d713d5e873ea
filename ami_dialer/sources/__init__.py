"""Where contacts come from: any usual CSV found out by itself, its rows read without losing or inventing one."""
