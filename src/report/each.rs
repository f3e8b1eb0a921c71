//! Lists of a report that are made while they are written.

use serde::{Serialize, Serializer};

/// A list whose items are put into words one after the other: those of 10,000 hosts do
/// not fit into the memory that a run may take.
pub(super) struct Each<F>(pub(super) F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: IntoIterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
