"""The boot lab: real roots, broken one way each, really booted."""
