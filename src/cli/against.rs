//! What `--against` names: a directory, a snapshot, or a revision of the repository the tree lies in.

use std::ffi::OsString;
use std::path::Path;

use super::Error;
use super::args::{TreeArgs, TreeWord};
use super::run::{Opened, helper, open_tree};
use crate::source::{
    Coverage, DirSource, GitError, GitSource, Limits, Repository, Tree, TreeKind, is_directory,
    is_regular,
};
use crate::text::{escape, escape_path};
use crate::time::Deadline;

/// A tree as it was; `None` where the host was not there yet.
pub(super) struct Base {
    /// The tree.
    pub(super) tree: Option<Opened>,
    /// What it is, for people: the directory, or the revision with its commit.
    pub(super) name: String,
}

/// Opens what `--against` names for the tree below `root`, of which `now` is known.
///
/// # Errors
/// The user's: neither a directory nor a revision, or both. Undecided where it is one
/// and cannot be read.
pub(super) fn open_base(
    args: &TreeArgs,
    named: &str,
    root: Option<&Path>,
    now: &Coverage,
    deadline: Deadline,
) -> Result<Base, Error> {
    let path = Path::new(named);
    // A snapshot is one tree, as a directory is.
    let directory = is_directory(path) || is_regular(path);
    let spelled = named.starts_with(['/', '.']);
    if directory && spelled {
        return directory_base(args, named, deadline);
    }
    let revision = match repository(root, now, deadline)? {
        Some(repository) => revision_base(&repository, named, now, deadline)?,
        None => None,
    };
    match (directory, revision) {
        (true, Some(_)) => Err(Error::Usage(format!(
            "--against {}: both a path and a revision; write ./ before the path, \
             or refs/heads/ before the branch",
            escape(named.as_bytes())
        ))),
        (true, None) => directory_base(args, named, deadline),
        (false, Some(base)) => Ok(base),
        (false, None) => {
            let at = escape_path(root.unwrap_or(Path::new("/")));
            Err(Error::Usage(format!(
                "--against {}: no such directory or snapshot, and no such revision of a git repository \
                 that holds {at}",
                escape(named.as_bytes())
            )))
        }
    }
}

fn directory_base(args: &TreeArgs, named: &str, deadline: Deadline) -> Result<Base, Error> {
    let mut args = args.clone();
    // The running system is one; what it is compared with is another.
    args.tree = args.tree.filter(|word| *word != TreeWord::Live);
    let path = Path::new(named);
    if is_regular(path) {
        (args.tree, args.covers) = (None, Vec::new());
    }
    let tree = open_tree(&args, Some(path), deadline).map_err(|error| match error {
        Error::Usage(text) => Error::Usage(format!("--against: {text}")),
        Error::Nothing(text) => Error::Nothing(format!("--against: {text}")),
        other => other,
    })?;
    Ok(Base {
        tree: Some(tree),
        name: escape_path(path),
    })
}

/// The repository a tree lies in; the running system lies in none.
fn repository(
    root: Option<&Path>,
    now: &Coverage,
    deadline: Deadline,
) -> Result<Option<Repository>, Error> {
    let root = root.filter(|_| now.kind != TreeKind::Live);
    let Some(root) = root else { return Ok(None) };
    let source = DirSource::open(root, helper(), deadline)?;
    Ok(source.repository())
}

fn revision_base(
    repository: &Repository,
    named: &str,
    now: &Coverage,
    deadline: Deadline,
) -> Result<Option<Base>, Error> {
    let path: Option<OsString> = std::env::var_os("PATH");
    let source = match GitSource::open(repository, named, path, deadline) {
        Ok(source) => source,
        Err(GitError::NoRevision) => return Ok(None),
        Err(GitError::Failed(error)) => {
            let named = escape(named.as_bytes());
            return Err(Error::Undecided(format!("--against {named}: {error}")));
        }
    };
    let mut name = escape(named.as_bytes());
    let Some(source) = source else {
        return Ok(Some(Base { tree: None, name }));
    };
    let short = source.commit().get(..12).unwrap_or("");
    name = format!("{name} ({short})");
    let source = match now.kind {
        TreeKind::Partial => source.with_templates(),
        TreeKind::Full | TreeKind::Live => source,
    };
    // Of the same kind as it is now, but git keeps no owners.
    let coverage = Coverage {
        kind: now.kind,
        covers: now.covers.clone(),
        owners: false,
        unmounted: Vec::new(),
    };
    let tree = Tree::new(Box::new(source), coverage, Limits::STANDARD, deadline);
    Ok(Some(Base {
        tree: Some(tree.into()),
        name,
    }))
}
