//! What a whole call does to this host's power.

use super::{Delay, Down, Host, Power, Verdict, verdict};
use crate::fact::{Doubt, Fact, Unknown};
use crate::shell::{Action, Condition, Outcome, Reach, Scope, Value, tools, wrappers};

/// Whether a call takes this host down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakesDown {
    /// Whenever it is made.
    Always {
        /// How.
        down: Down,
        /// Which effect, an index into [`Outcome::effects`].
        effect: usize,
    },
    /// Under these conditions.
    If {
        /// All of them.
        conditions: Vec<Condition>,
        /// How.
        down: Down,
        /// Which effect.
        effect: usize,
    },
    /// Not this host, but another one, or one that is not known.
    OtherMachine {
        /// How, and which.
        down: Down,
        /// Which effect.
        effect: usize,
    },
    /// It does not.
    Never,
    /// Not known.
    Undecided(Vec<Unknown>),
}

/// The answer, and what it does not cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The answer for everything that was evaluated.
    pub takes_down: TakesDown,
    /// Effects whose program is not a shell script and not judged here, or is
    /// missing: indices into [`Outcome::effects`].
    pub unjudged: Vec<usize>,
}

/// Judges a call by its effects. An effect that certainly takes this host down
/// outweighs one that does so under conditions, which outweighs what is not
/// known, which outweighs other machines.
#[must_use]
pub fn takes_down(outcome: &Outcome) -> Judgement {
    let mut always: Option<(Down, usize)> = None;
    let mut on_condition: Option<(Vec<Condition>, Down, usize)> = None;
    let mut other: Option<(Down, usize)> = None;
    let mut unknown = outcome.undecided.clone();
    let mut unjudged = Vec::new();
    for (index, effect) in outcome.effects.iter().enumerate() {
        match verdict(effect) {
            Verdict::Power(Power::Down(down)) if down.host == Host::This => match &effect.reach {
                Reach::Always => {
                    always.get_or_insert((down, index));
                }
                Reach::If(conditions) => {
                    on_condition.get_or_insert((conditions.clone(), down, index));
                }
            },
            Verdict::Power(Power::Down(down)) => {
                other.get_or_insert((down, index));
            }
            Verdict::Power(Power::Cancel(Host::This)) => {
                // whatever was scheduled before does not happen
                if effect.reach == Reach::Always {
                    always = always.filter(|(down, _)| !scheduled(down));
                    on_condition = on_condition.filter(|(_, down, _)| !scheduled(down));
                }
            }
            Verdict::Power(Power::Cancel(_)) => {}
            Verdict::Unsure(why) => {
                let doubt = Doubt::CannotModel(why.to_owned());
                unknown.push(Unknown::at(effect.place.clone(), doubt));
            }
            Verdict::Nothing => {
                if effect.scope == Scope::Here && !is_judged(&effect.action, &effect.target) {
                    unjudged.push(index);
                }
            }
        }
    }
    let takes_down = if let Some((down, effect)) = always {
        TakesDown::Always { down, effect }
    } else if let Some((conditions, down, effect)) = on_condition {
        TakesDown::If {
            conditions,
            down,
            effect,
        }
    } else if !unknown.is_empty() {
        TakesDown::Undecided(unknown)
    } else if let Some((down, effect)) = other {
        TakesDown::OtherMachine { down, effect }
    } else {
        TakesDown::Never
    };
    Judgement {
        takes_down,
        unjudged,
    }
}

/// Whether a shutdown can still be cancelled.
fn scheduled(down: &Down) -> bool {
    match down.delay {
        Delay::Now => false,
        Delay::Minutes(_) | Delay::At { .. } | Delay::Unknown => true,
    }
}

/// Whether a program is known to do nothing about power.
fn is_judged(action: &Action, target: &Fact<std::path::PathBuf>) -> bool {
    let Action::Run { argv, .. } = action else {
        return true;
    };
    let full = argv.first().and_then(Value::bytes).unwrap_or(b"");
    let name = wrappers::base(full);
    let system = match target {
        Fact::Known(path) => path.parent().is_some_and(|dir| {
            let text = dir.to_string_lossy();
            matches!(text.as_ref(), "/bin" | "/sbin" | "/usr/bin" | "/usr/sbin")
        }),
        // not looked for, or not there: the name has to do
        _ => true,
    };
    let name_is_its_own = tools::is_known(name) || super::is_power_program(name);
    // the guard may have a command behind it, which the caller looks at
    let own = name == b"comeback";
    system
        && !own
        && wrappers::is_installed(full)
        && name_is_its_own
        && !tools::hides_commands(argv)
}
