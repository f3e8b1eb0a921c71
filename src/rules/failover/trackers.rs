//! What an instance tracks.

use crate::parse::keepalived::{Config, Instance, Setting, SyncGroup, Tracked};

/// Everything that an instance tracks, its group's part included.
#[derive(Default)]
pub(super) struct Trackers<'a> {
    /// Names in `track_script`.
    pub(super) scripts: Vec<&'a Tracked>,
    /// Names in `track_process`.
    pub(super) processes: Vec<Vec<u8>>,
    /// Whether it tracks interfaces, files or BFD.
    pub(super) others: bool,
}

/// The group that an instance belongs to.
pub(super) fn group_of<'a>(config: &'a Config, instance: &Instance) -> Option<&'a SyncGroup> {
    let member = |g: &&SyncGroup| g.members.iter().any(|m| m.value == instance.name.value);
    config.groups.iter().find(member)
}

/// What `instance` tracks.
pub(super) fn trackers<'a>(config: &'a Config, instance: &'a Instance) -> Trackers<'a> {
    let group = group_of(config, instance);
    let named = |settings: &[Setting], name: &[u8]| -> Vec<Vec<u8>> {
        let found = settings.iter().filter(|s| s.keyword.value == name);
        found
            .flat_map(|s| s.words.iter().map(|w| w.value.clone()))
            .collect()
    };
    let mut all = Trackers {
        scripts: instance.track_scripts.iter().collect(),
        processes: instance
            .track_processes
            .iter()
            .map(|t| t.name.value.clone())
            .collect(),
        others: !instance.track_interfaces.is_empty()
            || !instance.track_files.is_empty()
            || !named(&instance.settings, b"track_bfd").is_empty(),
    };
    if let Some(group) = group {
        all.scripts.extend(&group.track_scripts);
        all.processes
            .extend(named(&group.settings, b"track_process"));
        all.others |= !group.track_interfaces.is_empty()
            || !named(&group.settings, b"track_file").is_empty()
            || !named(&group.settings, b"track_bfd").is_empty();
    }
    all
}
