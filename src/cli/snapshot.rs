//! `comeback snapshot`: a host recorded in one file.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use super::args::SnapshotArgs;
use super::output::{Output, write_out, write_private};
use super::run::{PolicyPlace, deadline, host, label, open_recorded, setup};
use super::{Error, complain};
use crate::fact::Fact;
use crate::facts::standing;
use crate::policy::Exit;
use crate::probe::{Asking, Live, Probes, Transcript};
use crate::rules::{Selection, examine};
use crate::snapshot::{Key, Packing, Snapshot};
use crate::source::{ReadError, Recorder, TreeKind, is_regular, random, read_given};
use crate::text::escape_path;

/// The key under which the secrets of a fleet are digested, so that two hosts still show
/// whether theirs differ.
const KEY: &str = "/etc/comeback/snapshot.key";

pub(super) fn run(args: &SnapshotArgs) -> Result<Exit, Error> {
    let root = args.tree.root.as_deref();
    if let Some(root) = root.filter(|root| is_regular(root)) {
        let shown = escape_path(root);
        return Err(Error::Usage(format!("{shown}: not a directory")));
    }
    let deadline = deadline(&args.tree, None)?;
    let recorder = Recorder::default();
    let tree = open_recorded(&args.tree, root, deadline, recorder.clone())?;
    let (kind, owners) = (tree.coverage().kind, tree.coverage().owners);
    let place = PolicyPlace::of(&tree);
    let setup = setup(&args.tree, &tree, place, deadline)?;
    let mut tree = tree;
    tree.add_covers(&setup.config.covers);
    let covers = tree.coverage().covers.clone();
    let label = label(args.tree.root.as_ref(), &tree);
    let transcript = Transcript::default();
    let mut host = host(tree, &setup, &args.tree, label.clone(), None);
    if host.probes().0.is_some() {
        let asking = Asking {
            inner: Arc::new(Live),
            transcript: transcript.clone(),
        };
        host.set_probes(Probes(Some(Arc::new(asking))));
    }
    // Every rule asks what it always asks, those on trial too.
    let everything = Selection {
        audit: true,
        ..Selection::default()
    };
    let examined = examine(&host, &everything, setup.horizon);
    if let Some(busy) = &examined.busy {
        let (who, pid) = (crate::text::escape(busy.who.as_bytes()), busy.pid);
        complain(&format!(
            "nothing recorded: {who} is at work (process {pid})"
        ));
        return Ok(Exit::Busy);
    }
    // And all that is to be compared after the reboot.
    standing::observe(&host);
    let name = match host.hostname() {
        Fact::Known(name) => Some(name),
        _ => label.clone(),
    };
    let mut snapshot = Snapshot {
        taken: setup.clock.now(),
        host: name,
        label,
        kind,
        owners,
        covers,
        told_full: host.told_full(),
        record: recorder.take(),
        answers: transcript.take(),
    };
    let key = key()?;
    snapshot.hide_secrets(&key);
    // Of the initrd only what is in it: it holds keys.
    if let Fact::Known(facts) = host.initrd() {
        let veil = |path: &[u8], bytes: &mut [u8]| {
            // What a person wrote into the configuration was copied into it.
            let path = Path::new("/etc").join(std::ffi::OsStr::from_bytes(path));
            Snapshot::hide_in(&path, bytes, &key);
        };
        if let Some((path, listing)) = facts.listing(&veil) {
            snapshot.record.add(path, &listing);
        }
    }
    warn(&snapshot);
    let failed = |error: crate::snapshot::SnapshotError| Error::Output(error.to_string());
    match &args.output {
        Some(path) => {
            let bytes = snapshot.to_bytes(Packing::of(path)).map_err(failed)?;
            write_private(path, &bytes)?;
        }
        None => {
            let bytes = snapshot.to_bytes(Packing::Plain).map_err(failed)?;
            write_out(&Output::Stdout, &bytes)?;
        }
    }
    Ok(Exit::Clear)
}

/// Says what a stranger could not read: the snapshot holds nothing of it.
fn warn(snapshot: &Snapshot) {
    let denied = |seen: &&crate::source::Seen| {
        let answers = [
            seen.meta.as_ref().and_then(|answer| answer.as_ref().err()),
            seen.list.as_ref().and_then(|answer| answer.as_ref().err()),
            seen.content.failed.as_ref(),
        ];
        answers.contains(&Some(&ReadError::Denied))
    };
    let denied = snapshot.record.paths.values().filter(denied).count();
    if denied > 0 && snapshot.kind == TreeKind::Live {
        let plural = if denied == 1 { "path" } else { "paths" };
        complain(&format!(
            "{denied} {plural} could not be read and are open in the snapshot: run as root"
        ));
    }
}

/// The key for the secrets: the fleet's, else one that nobody keeps.
fn key() -> Result<Key, Error> {
    let path = Path::new(KEY);
    let secret = match read_given(path) {
        Ok(bytes) => bytes,
        Err(ReadError::NotFound | ReadError::NotDir) => match random() {
            Ok(bytes) => return Ok(bytes),
            Err(error) => return Err(Error::Output(format!("no random key: {error}"))),
        },
        Err(error) => {
            return Err(Error::Undecided(format!("{}: {error}", escape_path(path))));
        }
    };
    if secret.trim_ascii().is_empty() {
        return Err(Error::Usage(format!("{}: is empty", escape_path(path))));
    }
    Ok(crate::snapshot::key_of(&secret))
}
