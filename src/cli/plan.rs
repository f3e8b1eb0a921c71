//! `comeback plan`.

use std::collections::BTreeSet;

use super::Error;
use super::args::{CheckArgs, PlanArgs, PlanFormat};
use super::check::outcome_of;
use super::output::{Output, write_out};
use crate::fleet::{Constraint, Member, groups, needs, plan, taken_down};
use crate::policy::{Exit, Verdict};
use crate::report::{Planned, plan_ansible, plan_json, plan_text};

pub(super) fn run(args: &PlanArgs) -> Result<Exit, Error> {
    let (tree, rules) = (args.tree.clone(), args.rules.clone());
    let check = CheckArgs {
        accept: args.accept.clone(),
        // The bar, while people wait.
        quiet: false,
        ..CheckArgs::silent(tree, args.hosts.clone(), rules)
    };
    let outcome = outcome_of(&check)?;
    let members: Vec<Option<&Member>> = outcome
        .hosts
        .iter()
        .map(|shown| shown.host.examined.member.as_deref())
        .collect();
    let mut constraints: Vec<Constraint> = groups(&members).iter().map(Constraint::from).collect();
    constraints.extend(needs(&members));
    let clear = outcome.hosts.iter().enumerate();
    let clear = clear.filter(|(_, shown)| shown.host.verdict == Verdict::Clear);
    let ready: BTreeSet<usize> = clear.map(|(index, _)| index).collect();
    let most = args.wave_size.map_or(usize::MAX, usize::from);
    let plan = plan(&ready, &constraints, &taken_down(&members), most);
    let planned = Planned {
        outcome: &outcome,
        constraints: &constraints,
        plan: &plan,
    };
    let text = match args.format {
        PlanFormat::Text => plan_text(&planned),
        PlanFormat::Json => {
            plan_json(&planned).map_err(|error| Error::Output(error.to_string()))?
        }
        PlanFormat::Ansible => plan_ansible(&planned),
    };
    let to = match &args.output {
        Some(path) => Output::File(path.clone()),
        None => Output::Stdout,
    };
    write_out(&to, text.as_bytes())?;
    Ok(match outcome.exit {
        Exit::Clear if !plan.never.is_empty() => Exit::Blocked,
        exit => exit,
    })
}
