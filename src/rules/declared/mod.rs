//! Rules about what a site declares in its policy.

mod check_failed;
mod file_unfit;
mod package_missing;
mod port_closed;
mod relation_broken;
mod service_down;
mod service_not_started;

pub(super) use check_failed::CheckFailed;
pub(super) use file_unfit::FileUnfit;
pub(super) use package_missing::PackageMissing;
pub(super) use port_closed::PortClosed;
pub(super) use relation_broken::RelationBroken;
pub(super) use service_down::ServiceDown;
pub(super) use service_not_started::ServiceNotStarted;

use super::{Evidence, Finding, Findings, Level};
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::declared::{Common, Weight, about};

/// The declarations of one kind about this host.
///
/// # Errors
/// Where there are none.
fn of<'a, T>(
    host: &Host,
    list: &'a [T],
    common: impl Fn(&T) -> &Common,
) -> Result<(Findings, Vec<&'a T>), Stop> {
    let list = about(host, list, common);
    if list.is_empty() {
        return Err(Stop::NotApplicable(
            "the policy declares none for this host",
        ));
    }
    let mut out = Findings::new();
    out.judged = list.len();
    Ok((out, list))
}

/// A finding about a declaration, as grave as the site says, with its reason and with
/// where it is declared.
fn finding(rule: &'static str, common: &Common, message: String, first: Evidence) -> Finding {
    let message = match &common.why {
        Some(why) => format!("{message}; {why}"),
        None => message,
    };
    let level = match common.weight {
        Weight::Note => Level::Note,
        Weight::Warn => Level::Warn,
        Weight::Block => Level::Block,
    };
    Finding::new(rule, common.name.clone(), message, first)
        .with(Evidence::computed(format!("declared at {}", common.place)))
        .at_most(level)
}
