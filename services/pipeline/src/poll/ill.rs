//! Says when a poll does not get through: a person must act, its runs fail, or none has ended for too long.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{NEVER, Polls, State};
use crate::clock;
use crate::schedule::Schedule;

/// A run that failed may be a moment's hiccup for so long.
const MOMENT: SignedDuration = SignedDuration::from_secs(30);
/// A vendor's window is an hour: a poll that finds it spent for longer gets nothing of the next one either.
const WINDOW: SignedDuration = SignedDuration::from_secs(65 * 60);
/// Intervals without the end of a run after which the poll counts as ill.
const INTERVALS: u32 = 3;
/// Polls that follow each other closely may take this long for a run.
const SHORTEST: Duration = Duration::from_secs(30);

impl Polls {
    /// Says on the admin port what the poll's entry says, whichever replica wrote it.
    pub(super) fn tell(&self, name: &'static str, schedule: &Schedule, state: &State) {
        let now = clock::now();
        if let Some(at) = state.began {
            let age = now.duration_since(at).as_secs_f64().max(0.0);
            metrics::gauge!("ml_poll_age_seconds", "poll" => name).set(age);
        }
        match (ill(state, schedule, now), state.began) {
            (Some(why), _) if self.health.is_new(name, &why) => {
                tracing::warn!(poll = name, why, "the poll does not get through");
                self.health.not_ready(name, why);
            }
            (Some(_), _) => {}
            (None, Some(_)) => self.health.ready(name),
            (None, None) => self.health.not_ready(name, NEVER),
        }
    }
}

/// Why the poll does not get through, if it does not.
fn ill(state: &State, schedule: &Schedule, now: Timestamp) -> Option<String> {
    let since = match state.began {
        Some(began) => format!("no run has ended since {}", began.strftime("%Y-%m-%d %H:%M:%SZ")),
        None => NEVER.to_owned(),
    };
    let lasts = |since: Timestamp, limit: SignedDuration| now.duration_since(since) > limit;
    if let Some(trouble) = &state.trouble {
        let limit = if trouble.spent { WINDOW } else { MOMENT };
        // An entry of an older version does not say since when.
        if trouble.person || trouble.since.is_some_and(|since| lasts(since, limit)) {
            return Some(format!("{since}: {}", trouble.sentence));
        }
    }
    let late = SignedDuration::try_from(schedule.interval().max(SHORTEST) * INTERVALS).unwrap_or(SignedDuration::MAX);
    let why = state.trouble.as_ref().map_or_else(String::new, |trouble| format!(": {}", trouble.sentence));
    let began = state.began.filter(|began| lasts(*began, late));
    began.map(|_| format!("{since}, which is more than {INTERVALS} intervals ago{why}"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::Trouble;
    use super::*;

    fn told(state: &State, seconds: i64) -> String {
        let schedule = Schedule::Every(Duration::from_secs(120));
        let now = Timestamp::from_second(seconds).expect("a time");
        ill(state, &schedule, now).unwrap_or_default()
    }

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    #[test]
    fn runs_that_fail_are_told_within_a_minute_and_a_hiccup_is_not() {
        let fails = Trouble { sentence: "503: down".to_owned(), person: false, spent: false, since: at(1_000) };
        let state = State { began: at(900), trouble: Some(fails.clone()), ..State::default() };
        assert_eq!(told(&state, 1_010), "");
        assert_eq!(told(&state, 1_040), "no run has ended since 1970-01-01 00:15:00Z: 503: down");
        let never = State { began: None, ..state.clone() };
        assert_eq!(told(&never, 1_040), "no poll has ended yet: 503: down");
        let person = Trouble { person: true, ..fails.clone() };
        assert!(told(&State { trouble: Some(person), ..state.clone() }, 1_000).ends_with(": 503: down"));
        // A spent budget passes by itself, unless the poll is late for it.
        let state = State { trouble: Some(Trouble { spent: true, ..fails }), ..state };
        assert_eq!(told(&state, 1_100), "");
        assert!(told(&state, 1_300).contains("more than 3 intervals ago: 503: down"));
    }

    #[test]
    fn a_poll_that_has_not_ended_for_three_intervals_is_told() {
        let state = State { began: at(1_000), holder: Some("another".to_owned()), ..State::default() };
        assert_eq!(told(&state, 1_359), "");
        assert!(told(&state, 1_361).contains("no run has ended since"), "{}", told(&state, 1_361));
        assert_eq!(told(&State::default(), 9_999), "");
    }
}
