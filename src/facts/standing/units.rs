//! The units of the running systemd.

use std::path::{Path, PathBuf};

use crate::fact::{Doubt, Fact, Listing, Looked, Unknown, Why};
use crate::facts::Host;
use crate::facts::running;
use crate::probe::ProbeError;
use crate::text::{File, Place};

/// One unit, as systemd has it now.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// `loaded`, `masked`, `not-found` and the like.
    pub load: String,
    /// `active`, `inactive`, `failed`, `activating` and the like.
    pub active: String,
    /// The finer state of its kind: `running`, `exited`, `waiting`.
    pub sub: String,
    /// The kind of the job that waits for it, where one does.
    pub job: Option<String>,
    /// Its line in the answer.
    pub place: Place,
}

impl Unit {
    /// Whether it is up.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(&*self.active, "active" | "reloading" | "refreshing")
    }

    /// Whether it is still on its way up.
    #[must_use]
    pub fn is_coming(&self) -> bool {
        let waits = self.job.as_deref().is_some_and(|job| job != "stop");
        waits || (self.active == "activating" && self.sub != "auto-restart")
    }

    /// The last part of its name: `service`, `mount`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or("")
    }
}

/// Every unit that systemd has loaded; Absent where systemd does not run.
#[must_use]
pub fn units(host: &Host) -> &Fact<Vec<Unit>> {
    host.units_cell().get_or_init(|| read(host))
}

fn read(host: &Host) -> Fact<Vec<Unit>> {
    if let Err(crate::fact::Stop::NotCovered(why)) = running::must_run(host) {
        return Fact::NotCovered(why);
    }
    // As sd_booted(3) tells.
    let sign = Path::new("/run/systemd/system");
    match host.tree().lstat(sign) {
        Fact::Known(_) => {}
        other => return other.and_then(|_| Fact::Absent(Looked::at(sign))),
    }
    let Some(probe) = &host.probes().0 else {
        return Fact::NotCovered(Why::ProbesOff);
    };
    let path = PathBuf::from("units of systemd");
    match probe.systemd_units(host.tree().deadline()) {
        Ok(bytes) => Fact::Known(parse(&File::new(path, bytes))),
        Err(ProbeError::NotRecorded) => Fact::NotCovered(Why::NotRecorded(path)),
        Err(ProbeError::Silent) => Fact::Unknown(Unknown::new(path, Doubt::Deadline)),
        Err(ProbeError::Refused(text)) if text.contains("permission") => {
            Fact::Unknown(Unknown::new(path, Doubt::Denied))
        }
        Err(error) => {
            let doubt = Doubt::Io(format!("systemd does not answer: {error}"));
            Fact::Unknown(Unknown::new(path, doubt))
        }
    }
}

fn parse(file: &std::sync::Arc<File>) -> Vec<Unit> {
    let rows = super::rows(file, 0).into_iter();
    let unit = |(words, place): (Vec<String>, Place)| {
        let [name, load, active, sub, job] = <[String; 5]>::try_from(words).ok()?;
        Some(Unit {
            name,
            load,
            active,
            sub,
            job: (job != "-").then_some(job),
            place,
        })
    };
    rows.filter_map(unit).collect()
}

/// Where the names of people stand whose services start with the box (`loginctl
/// enable-linger`).
const LINGER: &str = "/var/lib/systemd/linger";

/// Services of people that run without them being logged in: the name of the person,
/// the name of the service, and its control group (systemd 252 `src/basic/cgroup-util.c`).
#[must_use]
pub fn user_services(host: &Host) -> Listing<(String, String, PathBuf)> {
    running::of_running(host, |out| {
        for file in out.take_gaps(host.tree().entries(Path::new(LINGER))) {
            let Some(name) = file.file_name().map(|name| name.to_string_lossy()) else {
                continue;
            };
            let uid = match host.accounts() {
                Fact::Known(accounts) => accounts.uid(name.as_bytes()),
                other => {
                    out.take(other.as_ref().map(|_| ()));
                    None
                }
            };
            let Some(uid) = uid else { continue };
            // Its own hierarchy where the others are of version 1.
            for base in ["/sys/fs/cgroup", "/sys/fs/cgroup/systemd"] {
                let manager = format!("{base}/user.slice/user-{uid}.slice/user@{uid}.service");
                for slice in ["app.slice", "background.slice", "session.slice", ""] {
                    let dir = Path::new(&manager).join(slice);
                    for path in out.take_gaps(host.tree().entries(&dir)) {
                        let service = path.file_name().map(|n| n.to_string_lossy().into_owned());
                        let service = service.filter(|name| name.ends_with(".service"));
                        let found =
                            service.map(|service| (name.clone().into_owned(), service, path));
                        out.items.extend(found);
                    }
                }
            }
        }
    })
}
