//! The command line: the only place that reads arguments and environment, and the
//! only one that replaces this process by a guarded command.

mod against;
mod args;
mod audit;
mod baseline;
mod check;
mod config;
mod explain;
mod facts;
mod formats;
mod guard;
mod layout;
mod output;
mod plan;
mod run;
mod snapshot;
mod transaction;
mod triggers;
mod verify;

pub use args::Cli;

use std::ffi::OsString;
use std::io::Write as _;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::policy::{ConfigError, Exit};
use crate::source::{OpenError, ReadError, serve_helper};
use args::Command;
use output::{Output, write_out};

/// What ends a run before its verdict.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option, rule id, time or pattern that makes no sense: the user's mistake.
    #[error("{0}")]
    Usage(String),
    /// A policy file that cannot be used: the user's mistake.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is nothing to examine.
    #[error("{0}")]
    Nothing(String),
    /// What is to be examined cannot be looked at: refused, failing or silent.
    #[error("{0}")]
    Undecided(String),
    /// The report could not be written.
    #[error("cannot write the report: {0}")]
    Output(String),
}

impl Error {
    const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Config(_) => Exit::Usage,
            Self::Nothing(_) => Exit::Nothing,
            Self::Undecided(_) => Exit::Undecided,
            Self::Output(_) => Exit::Internal,
        }
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        let OpenError::Root { error: cause, .. } = &error;
        match cause {
            ReadError::NotFound | ReadError::NotDir | ReadError::NotRegular(_) => {
                Self::Nothing(error.to_string())
            }
            ReadError::Denied
            | ReadError::Io(_)
            | ReadError::Limit(_)
            | ReadError::Deadline
            | ReadError::WillBeMade(_)
            | ReadError::Template(_)
            | ReadError::NotRecorded => Self::Undecided(error.to_string()),
        }
    }
}

/// Runs the program with these arguments; the exit status is the answer.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    // What is not understood of the arguments is the user's; clap words it.
    let matches = match Cli::command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return print_clap(&error),
    };
    if let Some(("guard", guard)) = matches.subcommand()
        && guard.value_source("config") == Some(clap::parser::ValueSource::EnvVariable)
    {
        // A variable is inherited from whoever called the caller; an option is written down.
        complain("guard: takes no policy from COMEBACK_CONFIG; name it with --config");
        return Exit::Usage.code();
    }
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return print_clap(&error),
    };
    let run = || dispatch(cli.command);
    // A crash is our fault, and no verdict: 70, never the status of a finding.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    match result {
        Ok(Ok(exit)) => exit.code(),
        Ok(Err(error)) => {
            complain(&error.to_string());
            error.exit().code()
        }
        Err(_) => {
            complain("crashed; this is a fault of comeback, and no verdict");
            Exit::Internal.code()
        }
    }
}

fn dispatch(command: Option<Command>) -> Result<Exit, Error> {
    match command {
        None => short_help(),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Guard(args)) => guard::run(&args),
        Some(Command::Triggers(args)) => triggers::run(&args),
        Some(Command::Snapshot(args)) => snapshot::run(&args),
        Some(Command::Verify(args)) => verify::run(args),
        Some(Command::Plan(args)) => plan::run(&args),
        Some(Command::Facts(args)) => facts::run(&args),
        Some(Command::Rules(args)) => explain::rules(&args),
        Some(Command::Explain(args)) => explain::explain(&args),
        Some(Command::Config(args)) => config::config(&args),
        Some(Command::Baseline(args)) => baseline::run(&args),
        Some(Command::Init(args)) => config::init(&args),
        Some(Command::Completions(args)) => completions(&args),
        Some(Command::Schema(args)) => schema(&args),
        Some(Command::ReadHelper) => Ok(helper()),
    }
}

/// Text to standard error.
pub(super) fn say(text: &str) {
    // A closed standard error leaves nobody to tell.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// One line to standard error.
pub(super) fn complain(message: &str) {
    say(&format!("comeback: {message}\n"));
}

fn print_clap(error: &clap::Error) -> u8 {
    use clap::error::ErrorKind;
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = error.render().to_string();
            match write_out(&Output::Stdout, text.as_bytes()) {
                Ok(()) => Exit::Clear.code(),
                Err(_) => Exit::Internal.code(),
            }
        }
        _ => {
            let text = error.render().to_string();
            let _ = std::io::stderr().write_all(text.as_bytes());
            Exit::Usage.code()
        }
    }
}

fn short_help() -> Result<Exit, Error> {
    let mut text = String::from(
        "comeback: will this box come back, and come back useful?\n\n\
         Usage: comeback <check|guard|triggers|snapshot|verify|plan|facts|rules|explain>\n         \x20                ...\n\n",
    );
    text.push_str(args::EXAMPLES);
    text.push_str("\n\nMore: comeback --help, comeback COMMAND --help, man comeback\n");
    write_out(&Output::Stdout, text.as_bytes())?;
    Ok(Exit::Usage)
}

fn completions(args: &args::CompletionsArgs) -> Result<Exit, Error> {
    let whole = Cli::command();
    // What is hidden from the help is offered to nobody.
    let shown = whole.get_subcommands().filter(|sub| !sub.is_hide_set());
    let mut shown = clap::Command::new("comeback")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .subcommands(shown.cloned());
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut shown, "comeback", &mut out);
    write_out(&Output::Stdout, &out)?;
    Ok(Exit::Clear)
}

fn schema(args: &args::SchemaArgs) -> Result<Exit, Error> {
    let text = match args.of {
        args::SchemaWord::Report => crate::report::schema(),
        args::SchemaWord::Snapshot => crate::snapshot::schema(),
        args::SchemaWord::Plan => crate::report::plan_schema(),
    };
    let text = text.map_err(|e| Error::Output(e.to_string()))?;
    write_out(&Output::Stdout, text.as_bytes())?;
    Ok(Exit::Clear)
}

fn helper() -> Exit {
    let served = serve_helper(&mut std::io::stdin().lock(), &mut std::io::stdout().lock());
    match served {
        Ok(()) => Exit::Clear,
        Err(_) => Exit::Internal,
    }
}
