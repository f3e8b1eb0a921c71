//! A system without Landlock keeps nothing from writing.

/// There is no such fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoFence;

/// Would have the kernel refuse the calling thread, and what it starts, to write.
pub(super) const fn fence() -> Result<(), NoFence> {
    Err(NoFence)
}
