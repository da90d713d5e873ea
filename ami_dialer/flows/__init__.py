"""What an answered call goes through."""
