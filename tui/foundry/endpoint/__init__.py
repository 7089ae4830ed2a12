"""The HTTP side: an OpenAI-compatible server of any make, read tolerantly."""
