//! Keeps what is started from writing: the kernel refuses it (Landlock).

use landlock::{
    ABI, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, path_beneath_rules,
};

/// Has the kernel refuse the calling thread, and what it starts, to write.
pub(super) fn fence() -> Result<(), RulesetError> {
    let null = path_beneath_rules(["/dev/null"], AccessFs::WriteFile);
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_write(ABI::V1))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_write(ABI::V5))?
        .handle_access(AccessNet::BindTcp)?
        .create()?
        .add_rules(null)?
        .restrict_self()?;
    Ok(())
}
