//! `network-rule-lost`: the kernel has a policy rule that nothing on disk sets.

use super::lost;
use crate::fact::Stop;
use crate::facts::Host;
use crate::facts::network::live::{self, rules};
use crate::facts::network::plan::{Plan, Sets, said_by};
use crate::rules::{Cx, Evidence, Finding, Findings, Rule};

pub(in crate::rules) struct RuleLost;

impl Rule for RuleLost {
    fn id(&self) -> &'static str {
        "network-rule-lost"
    }

    fn check(&self, host: &Host, _cx: &Cx<'_>) -> Result<Findings, Stop> {
        host.must_start()?;
        let found = rules(host.tree());
        let found = found.require()?;
        let Some(found) = found.filter(|found| !found.is_empty()) else {
            return Err(Stop::NotApplicable(
                "the kernel has no rule but those it begins with",
            ));
        };
        let (plan, _) = lost::followed(host)?;
        if super::has_silent_router(host) || lost::runs_script(plan) {
            return Err(Stop::NotApplicable("a program that sets rules is started"));
        }
        let mut out = Findings::new();
        for rule in found {
            if lost::by_daemon(rule.protocol.as_deref()) || !is_by_hand(rule) {
                continue;
            }
            out.judged += 1;
            if is_set(plan, rule) || is_said(host, rule) {
                continue;
            }
            let shown = rule.shown();
            let message = format!("the policy rule \"{shown}\" is lost at boot: no file sets it");
            let evidence = Evidence::span(rule.place.clone(), "the kernel has it now");
            out.push(Finding::new(self.id(), shown, message, evidence));
        }
        Ok(out)
    }
}

/// Programs mark packets and name users; people name networks.
fn is_by_hand(rule: &live::Rule) -> bool {
    let has = |name: &str| rule.selectors.iter().any(|(own, _)| own == name);
    (has("from") || has("to")) && !has("fwmark") && !has("uidrange") && !has("l3mdev")
}

fn value<'a>(rule: &'a live::Rule, name: &str) -> Option<&'a str> {
    let found = rule.selectors.iter().find(|(own, _)| own == name);
    found.map(|(_, value)| value.as_str())
}

/// Whether two networks are written alike: one address may come with its whole length.
fn same(own: Option<&str>, live: Option<&str>) -> bool {
    let bare = |text: &str| {
        let text = text.strip_suffix("/32").unwrap_or(text);
        let text = text.strip_suffix("/128").unwrap_or(text);
        (text != "all").then(|| text.to_owned())
    };
    own.and_then(bare) == live.and_then(bare)
}

fn is_set(plan: &Plan, rule: &live::Rule) -> bool {
    let mut sets = plan.parts.iter().flat_map(|part| &part.sets);
    sets.any(|sets| match sets {
        // A table may have a name; who has both ends right has the table right.
        Sets::Rule { from, to, .. } => {
            same(from.as_deref(), value(rule, "from")) && same(to.as_deref(), value(rule, "to"))
        }
        Sets::Command(_) | Sets::Address(..) | Sets::Default(_) => false,
    }) || words(rule).is_some_and(|network| plan.says(&[&network]))
}

/// The network without a length that nobody writes.
fn words(rule: &live::Rule) -> Option<String> {
    let network = value(rule, "from").or_else(|| value(rule, "to"))?;
    let network = network.strip_suffix("/32").unwrap_or(network);
    Some(network.strip_suffix("/128").unwrap_or(network).to_owned())
}

fn is_said(host: &Host, rule: &live::Rule) -> bool {
    words(rule).is_some_and(|network| said_by(host, &[&network]).is_some())
}
