//! Clock, zone of the tree, schedules.
