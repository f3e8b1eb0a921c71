//! Hooks of keepalived that take the box down when an instance changes its state.

use super::super::Trigger;
use super::super::event::{Handler, add, is_enabled, words};
use crate::fact::{Fact, Listing};
use crate::facts::Host;
use crate::parse::keepalived::Invocation;
use crate::shell::Value;
use crate::text::escape;

pub(super) fn read(host: &Host, out: &mut Listing<Trigger>) {
    // What cannot be read of its configuration has rules of its own.
    let Fact::Known(failover) = host.failover() else {
        return;
    };
    if !is_enabled(host, &["keepalived"]) {
        return;
    }
    for call in failover.config.notify_calls() {
        let known: Vec<Value> = match &call.invocation {
            Invocation::Exec(argv) => argv.iter().map(|word| Value::known(word.clone())).collect(),
            Invocation::Shell(line) => {
                let line = Value::known(line.clone());
                vec![Value::known(b"/bin/sh"), Value::known(b"-c"), line]
            }
            Invocation::Never(_) => continue,
        };
        let (name, state) = (escape(call.name), call.state.word());
        let event = format!("when keepalived's {name} becomes {state}");
        let place = call.notify.command.place.clone();
        let handler = Handler::new("keepalived", "a hook of keepalived", event, place);
        add(host, &handler, &words(known), out);
    }
}
