//! Crontabs, by each daemon's own grammar.
