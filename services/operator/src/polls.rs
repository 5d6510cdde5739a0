//! The polls: when each ran last, what it found, and what keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pipeline::poll::State;
use problem::{Code, Problem};
use serde::Serialize;

use crate::table::{headed, told};

/// One poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Poll {
    /// Its name: the system and the kind of record.
    pub poll: String,
    /// When the last run that read everything began.
    pub began: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// New versions that it recorded.
    pub new: u64,
    /// True while a replica runs it.
    pub running: bool,
    /// Sentence that says what kept a later run from ending.
    pub trouble: Option<String>,
}

impl Poll {
    /// The poll of this name, as its entry says.
    pub fn of(name: &str, state: State) -> Self {
        let State { holder, began, ended, found, trouble, .. } = state;
        let trouble = trouble.map(|trouble| trouble.sentence);
        Self { poll: name.to_owned(), began, ended, new: found, running: holder.is_some(), trouble }
    }
}

/// The polls that `asked` means: all, those of a system (`commerce`), or one (`commerce.order`, or `order` where only
/// one system has it).
///
/// # Errors
/// `POLL_UNKNOWN` names those that there are.
pub fn chosen(known: &BTreeMap<String, State>, asked: Option<&str>) -> Result<Vec<String>, Problem> {
    let unknown = |sentence: String| {
        let remedy = "name one of them, or a system; a poll appears in the list when its service has started it for the first time";
        Err(Problem::new(Code::PollUnknown, sentence, remedy))
    };
    let names = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let Some(asked) = asked else {
        return match known.is_empty() {
            true => unknown("no service has polled on this connection yet".to_owned()),
            false => Ok(known.keys().cloned().collect()),
        };
    };
    let means = |name: &str| name.split_once('.').is_some_and(|(system, entity)| system == asked || entity == asked);
    let found: Vec<String> = known.keys().filter(|name| *name == asked || means(name)).cloned().collect();
    let several = found.iter().any(|name| !name.starts_with(&format!("{asked}."))) && found.len() > 1;
    match (found.is_empty(), several) {
        (true, _) => unknown(format!("no poll is called `{asked}`; there are {names}")),
        (false, true) => unknown(format!("`{asked}` may be any of {}", found.join(", "))),
        (false, false) => Ok(found),
    }
}

/// As a table for a person, with times in `zone`.
pub fn table(polls: &[Poll], zone: &TimeZone) -> String {
    let mut table = headed(["poll", "last run", "took", "new", "state"]);
    for poll in polls {
        let at = poll.began.map_or_else(|| "never".to_owned(), |at| told(at, zone));
        let took = poll.began.zip(poll.ended).map(|(began, ended)| ended.duration_since(began).as_millis());
        let took = took.map_or_else(String::new, |millis| format!("{millis} ms"));
        let now = match (&poll.trouble, poll.running) {
            (Some(trouble), _) => trouble.clone(),
            (None, true) => "running".to_owned(),
            (None, false) => String::new(),
        };
        table.add_row([poll.poll.clone(), at, took, poll.new.to_string(), now]);
    }
    format!("{table}\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{State, chosen};

    #[test]
    fn a_poll_is_chosen_by_its_name_its_system_or_what_it_reads() {
        let names = ["commerce.customer", "commerce.order", "visma.customer"];
        let known: BTreeMap<String, State> = names.map(|name| (name.to_owned(), State::default())).into();
        let chosen = |asked| chosen(&known, asked).map_err(|problem| problem.sentence);
        assert_eq!(chosen(None).expect("all").len(), 3);
        assert_eq!(chosen(Some("commerce")).expect("a system"), ["commerce.customer", "commerce.order"]);
        assert_eq!(chosen(Some("visma.customer")).expect("one"), ["visma.customer"]);
        assert_eq!(chosen(Some("order")).expect("one"), ["commerce.order"]);
        assert!(chosen(Some("customer")).expect_err("two").contains("commerce.customer, visma.customer"));
        assert!(chosen(Some("orders")).expect_err("none").contains("there are commerce.customer, commerce.order"));
    }
}
