//! `ml-connector rights`: the broker's users and what each may do, for the connections of an installation.
//!
//! The shipped file *is* the one of the connection `main`. What differs for others is the names of consumers, for which
//! the broker's permissions have no pattern: each line that names one stands once for each connection.

use record::address::Connection;
use record::streams::Durable;

use crate::run::print;
use crate::settings::Connections;
use crate::works::DURABLES;

/// The users of an installation whose connection is `main`.
const SHIPPED: &str = include_str!("../../../deploy/nats/users.conf");

/// Prints the users, for the connections that are named, or for all that share the broker's account.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) fn run(connections: &Connections, names: &[String]) -> anyhow::Result<()> {
    let mut meant = connections.some(names)?;
    if names.is_empty() {
        meant.retain(|own| own.nats.is_same_broker(&connections.common.nats));
    }
    let meant: Vec<_> = meant.iter().map(|own| Connection::new(&own.connection)).collect();
    print(&users(&meant))
}

/// The users, as nats-server reads them.
pub fn users(connections: &[Connection]) -> String {
    SHIPPED.lines().flat_map(|line| for_each(line, connections)).map(|line| line + "\n").collect()
}

/// A line, or one for each connection when it names consumers.
fn for_each(line: &str, connections: &[Connection]) -> Vec<String> {
    let subjects: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    if line.trim_start().starts_with('#') || !subjects.iter().any(|subject| named(subject).is_some()) {
        return vec![line.to_owned()];
    }
    let of = |connection: &Connection| {
        let mut own = line.to_owned();
        for (subject, durable) in subjects.iter().filter_map(|subject| Some((*subject, named(subject)?))) {
            let tokens = subject
                .split('.')
                .map(|token| if token == durable.name { durable.consumer(connection) } else { token.into() });
            own = own.replace(&format!("\"{subject}\""), &format!("\"{}\"", tokens.collect::<Vec<_>>().join(".")));
        }
        own
    };
    let mut lines: Vec<_> = connections.iter().map(of).collect();
    // The last subject of a list has no comma behind it.
    let last = lines.len().saturating_sub(1);
    lines.iter_mut().take(last).filter(|line| !line.ends_with(',')).for_each(|line| line.push(','));
    lines
}

/// The service whose consumer a subject of the broker's API is about: not one whose name stands in a filter.
fn named(subject: &str) -> Option<Durable> {
    let at = ["$JS.API.CONSUMER.CREATE.", "$JS.API.CONSUMER.INFO.", "$JS.API.CONSUMER.MSG.NEXT."];
    let at = at.into_iter().chain(["$JS.API.CONSUMER.DELETE.", "$JS.ACK.*.*.", "$JS.ACK."]);
    let mut rest = at.into_iter().find_map(|before| subject.strip_prefix(before))?.split('.');
    let consumer = rest.nth(1)?; // Behind the stream.
    DURABLES.into_iter().find(|durable| durable.name == consumer)
}
