"""The copying-stack runtime seen from Python."""
