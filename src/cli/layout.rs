//! Hosts whose roots a layout of the policy makes of several directories.

use std::path::{Path, PathBuf};

use super::Error;
use super::against::Base;
use super::args::{TreeArgs, TreeWord};
use super::run::{Opened, helper, refuse_probes};
use crate::policy::{Config, LayerOf};
use crate::source::{
    Coverage, DirSource, GitError, GitSource, Layer, LayeredSource, Limits, ListedSource,
    Repository, Tree, is_directory,
};
use crate::text::{escape, escape_path};
use crate::time::Deadline;

/// A host of a layout.
pub(super) struct LaidOut {
    /// Its name.
    pub(super) host: String,
    /// The directory of the policy, below which its directories are.
    top: PathBuf,
    layers: Vec<LayerOf>,
}

/// The host of a layout that a path stands for, by the first layout that knows it.
pub(super) fn laid_out(config: &Config, root: &Path) -> Option<LaidOut> {
    if config.layouts.is_empty() {
        return None;
    }
    let policy = std::path::absolute(config.file.as_ref()?).ok()?;
    let top = policy.parent()?.to_path_buf();
    let root = std::path::absolute(root).ok()?;
    let below = root.strip_prefix(&top).ok()?;
    let known = |layout: &crate::policy::Layout| {
        let host = layout.host(below)?;
        Some((layout.layers_of(&host, &config.roles), host))
    };
    let (layers, host) = config.layouts.iter().find_map(known)?;
    Some(LaidOut { host, top, layers })
}

/// Opens the directories that are there as one tree.
pub(super) fn open_layers(
    args: &TreeArgs,
    laid: &LaidOut,
    deadline: Deadline,
) -> Result<Opened, Error> {
    let shown = escape(laid.host.as_bytes());
    match args.tree {
        None | Some(TreeWord::Partial) => {}
        Some(TreeWord::Full | TreeWord::Live) => {
            return Err(Error::Usage(format!(
                "--tree: {shown} is of a layout of the policy, which makes parts of roots"
            )));
        }
    }
    refuse_probes(args, &shown)?;
    let mut layers = Vec::new();
    for layer in &laid.layers {
        let dir = laid.top.join(&layer.dir);
        if !is_directory(&dir) {
            continue;
        }
        let files = DirSource::open(&dir, helper(), deadline)?;
        layers.push(Layer {
            source: Box::new(ListedSource::new(files).with_templates()),
            at: layer.at.clone(),
            dir: Some(dir),
        });
    }
    if layers.is_empty() {
        return Err(Error::Nothing(format!(
            "{shown}: none of the directories of its layout is there"
        )));
    }
    let covers = args.covers.iter().map(|dir| Path::new("/").join(dir));
    let coverage = Coverage::partial(covers.collect());
    let source = Box::new(LayeredSource::new(layers));
    Ok(Tree::new(source, coverage, Limits::STANDARD, deadline).into())
}

/// The same as they were at a revision of the repository that holds the policy.
pub(super) fn open_layers_at(
    named: &str,
    laid: &LaidOut,
    now: &Coverage,
    deadline: Deadline,
) -> Result<Base, Error> {
    let top = DirSource::open(&laid.top, helper(), deadline)?;
    let nothing = || {
        let (named, at) = (escape(named.as_bytes()), escape_path(&laid.top));
        Error::Usage(format!(
            "--against {named}: no such revision of a git repository that holds {at}"
        ))
    };
    let repository = top.repository().ok_or_else(nothing)?;
    let mut name = escape(named.as_bytes());
    let mut layers = Vec::new();
    for layer in &laid.layers {
        let place = Repository {
            git_dir: repository.git_dir.clone(),
            inside: repository.inside.join(&layer.dir),
        };
        match GitSource::open(&place, named, std::env::var_os("PATH"), deadline) {
            Ok(None) => {}
            Ok(Some(source)) => {
                let short = source.commit().get(..12).unwrap_or("");
                name = format!("{} ({short})", escape(named.as_bytes()));
                layers.push(Layer {
                    source: Box::new(source.with_templates()),
                    at: layer.at.clone(),
                    dir: Some(laid.top.join(&layer.dir)),
                });
            }
            Err(GitError::NoRevision) => return Err(nothing()),
            Err(GitError::Failed(error)) => {
                return Err(Error::Undecided(format!("--against {name}: {error}")));
            }
        }
    }
    let tree = (!layers.is_empty()).then(|| {
        let coverage = Coverage {
            owners: false,
            ..now.clone()
        };
        let source = Box::new(LayeredSource::new(layers));
        Tree::new(source, coverage, Limits::STANDARD, deadline).into()
    });
    Ok(Base { tree, name })
}
