"""What runs in the background and posts messages."""
