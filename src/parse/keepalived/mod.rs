//! keepalived.conf, by its own reader's rules.
