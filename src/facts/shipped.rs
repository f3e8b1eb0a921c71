//! Whether a package brought a file: what a distribution ships is the distribution's affair.

use std::path::Path;

use super::Host;
use crate::fact::Fact;

/// Whether a path is where packages put things, and nobody else.
#[must_use]
pub fn is_vendors(path: &Path) -> bool {
    let dirs = ["/usr", "/lib", "/bin", "/sbin", "/lib64"];
    !path.starts_with("/usr/local") && dirs.iter().any(|dir| path.starts_with(dir))
}

impl Host {
    /// Whether a package brought what stands at `path`; without a database of packages,
    /// whether it lies where only packages put files.
    pub fn is_shipped(&self, path: &Path) -> bool {
        match self.packages() {
            Fact::Absent(_) => is_vendors(path),
            _ => matches!(self.owner(path), Fact::Known(_)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_administrator_puts_below_usr_local_is_nobody_elses() {
        for path in ["/usr/lib/x", "/lib/x", "/sbin/x"] {
            assert!(is_vendors(Path::new(path)), "{path}");
        }
        for path in ["/usr/local/bin/x", "/etc/x", "/library/x"] {
            assert!(!is_vendors(Path::new(path)), "{path}");
        }
    }
}
