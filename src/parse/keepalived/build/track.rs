//! Words behind what is tracked (keepalived `vrrp_track.c`, `alloc_track_script` and its
//! kin).

use super::super::problem::ProblemKind;
use super::super::report::Report;
use super::super::version::Dialect;
use super::Given;

/// Tells of the words that keepalived passes over.
pub(super) fn check(name: &str, given: Given<'_>, dialect: Dialect, report: &mut Report) {
    if name == "track_bfd" || !dialect.reports_tracking() {
        return;
    }
    let mut rest = given.rest.iter();
    while let Some(word) = rest.next() {
        match word.text.as_slice() {
            b"weight" => {
                rest.next();
            }
            b"reverse" | b"noreverse" => {}
            _ => {
                let place = given.line.file.place(word.span);
                let message = "an unknown word behind what is tracked: it is ignored";
                report.problem(ProblemKind::BadOption, place, message);
                return;
            }
        }
    }
}
