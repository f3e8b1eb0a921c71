//! What boots next, read from a tree: the loader and its entry, the kernel with its
//! modules, the initrd, and the root they look for.

pub mod drivers;
mod esp;
mod file_systems;
mod initrd;
mod kernel;
mod loaders;
mod outside;
mod root;
pub mod stack;
mod unified;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::fact::{Fact, Looked};
use crate::facts::{Host, init};

pub use esp::{Esp, Program, ProgramKind};
pub use file_systems::{FileSystems, Located, Mounted};
pub use initrd::{InitrdFacts, InitrdFile, InitrdKind};
pub use kernel::{Config, Index, Kernel, Modules, fold, module_name};
pub use loaders::{BootEntry, Chosen, LoaderKind, Outside, Sign, Start, is_pointer};
pub use root::{Finder, RootFacts, RootForm, RootValue, Word, form, mounted_writable};

/// The boot of one host, each part read on first use.
#[derive(Default)]
pub struct Boot {
    file_systems: OnceLock<FileSystems>,
    esp: OnceLock<Option<Esp>>,
    start: OnceLock<Start>,
    kernel: OnceLock<Fact<Kernel>>,
    modules: Mutex<BTreeMap<Vec<u8>, Arc<Fact<Modules>>>>,
    config: OnceLock<Fact<Config>>,
    initrd: OnceLock<Fact<InitrdFacts>>,
    root: OnceLock<Fact<RootFacts>>,
}

impl Host {
    /// The file systems that a loader's paths may lie on.
    pub fn file_systems(&self) -> &FileSystems {
        let systems = &self.boot().file_systems;
        systems.get_or_init(|| FileSystems::read(self.tree(), self.devices()))
    }

    /// The EFI system partition, where its content is to be seen.
    pub fn esp(&self) -> Option<&Esp> {
        let esp = &self.boot().esp;
        esp.get_or_init(|| Esp::read(self.tree())).as_ref()
    }

    /// How the kernel gets started.
    pub fn start(&self) -> &Start {
        self.boot().start.get_or_init(|| loaders::read(self))
    }

    /// The kernel that gets started.
    pub fn kernel(&self) -> &Fact<Kernel> {
        let kernel = &self.boot().kernel;
        kernel.get_or_init(|| kernel::read(self, self.start()))
    }

    /// The modules of the kernel with this release.
    pub fn modules_of(&self, release: &[u8]) -> Arc<Fact<Modules>> {
        let cache = &self.boot().modules;
        let lock = || cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(release) {
            return Arc::clone(known);
        }
        let modules = Arc::new(kernel::modules(self.tree(), release));
        lock().insert(release.to_vec(), Arc::clone(&modules));
        modules
    }

    /// The release of the kernel that gets started: its own word, or that of the
    /// running one where the kernel comes from outside.
    pub fn release(&self) -> Fact<Vec<u8>> {
        if let Start::Outside(outside) = self.start()
            && let Some(running) = &outside.running
        {
            return Fact::Known(running.clone());
        }
        match self.kernel() {
            Fact::Known(kernel) => match &kernel.release {
                Some(release) => Fact::Known(release.clone()),
                None => Fact::Absent(Looked::at(&kernel.path)),
            },
            other => other.as_ref().map(|_| Vec::new()),
        }
    }

    /// The modules of the kernel that gets started.
    pub fn modules(&self) -> Fact<Arc<Fact<Modules>>> {
        self.release().map(|release| self.modules_of(&release))
    }

    /// The options of the kernel that gets started.
    pub fn kernel_config(&self) -> &Fact<Config> {
        self.boot().config.get_or_init(|| {
            self.release()
                .and_then(|release| kernel::config(self.tree(), &release))
        })
    }

    /// The initrd that gets unpacked.
    pub fn initrd(&self) -> &Fact<InitrdFacts> {
        let initrd = &self.boot().initrd;
        initrd.get_or_init(|| initrd::read(self, self.start()))
    }

    /// The root that is looked for.
    pub fn root(&self) -> &Fact<RootFacts> {
        let root = &self.boot().root;
        root.get_or_init(|| root::read(self.start(), self.initrd()))
    }

    /// Who starts process 1 at the next boot, and what it is told: by the entry that
    /// boots and its initrd; where these are not known, by what is installed.
    pub(super) fn init_boot(&self) -> init::Boot {
        let mut boot = init::Boot {
            starter: init::guess(self.tree()),
            init: None,
            place: None,
        };
        let Fact::Known(root) = self.root() else {
            return boot;
        };
        match root.finder {
            Finder::Kernel => boot.starter = init::Starter::Kernel,
            Finder::Initrd(kind) => boot.starter = kind.starter(),
            Finder::Unknown => {}
        }
        if let Some(name) = root.last("init") {
            boot.init = Some(PathBuf::from(OsStr::from_bytes(name)));
            boot.place.clone_from(&root.place);
        }
        boot
    }

    /// The version of the first of these packages that is installed.
    pub(crate) fn version_of_any(&self, names: &[&str]) -> Option<String> {
        let Fact::Known(packages) = self.packages() else {
            return None;
        };
        let mut found = names.iter().filter_map(|name| packages.version_of(name));
        found.next().map(str::to_owned)
    }
}
