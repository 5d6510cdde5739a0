//! A backfill's plan and its end: from when to when, how much it is, what it costs of Visma's window, when it is over.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pipeline::budget::Outlook;
use problem::{Code, Problem};
use serde::Serialize;

use crate::table::told;

/// From when to when, in the company's time zone; the end is not in it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The first moment.
    pub from: DateTime,
    /// The first moment that is not in it.
    pub to: DateTime,
}

impl Span {
    /// The span that is asked for. It ends at the go-live date unless it is to end earlier: what is made from then on
    /// is booked by itself.
    ///
    /// # Errors
    /// `BACKFILL_RANGE` when nothing, or something that is booked anyway, lies in it.
    pub fn of(from: DateTime, to: Option<DateTime>, go_live: DateTime) -> Result<Self, Problem> {
        let wrong = |sentence: String| {
            let remedy = "give --from, and --to if it shall end before the go-live date, as \"2025-12-01\"";
            Err(Problem::new(Code::BackfillRange, sentence, remedy))
        };
        let to = to.unwrap_or(go_live);
        if to > go_live {
            return wrong(format!(
                "{to} is after the go-live date {go_live}: what is made from then on is booked anyway"
            ));
        }
        if from >= to {
            return wrong(format!("nothing lies between {from} and {to}"));
        }
        Ok(Self { from, to })
    }

    /// The same as instants, by the company's calendar.
    ///
    /// # Errors
    /// `BACKFILL_RANGE` at the far ends of the calendar.
    pub fn instants(self, zone: &TimeZone) -> Result<(Timestamp, Timestamp), Problem> {
        let instant = |civil: DateTime| {
            zone.to_timestamp(civil).map_err(|e| Problem::new(Code::BackfillRange, e.to_string(), "give another date"))
        };
        Ok((instant(self.from)?, instant(self.to)?))
    }
}

/// Records of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kind {
    /// Its name.
    pub kind: &'static str,
    /// In the span.
    pub all: u64,
    /// Not read yet.
    pub left: u64,
}

/// Plan of a backfill: what would be done, and how long it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// From when to when.
    #[serde(flatten)]
    pub span: Span,
    /// It goes on behind an earlier run.
    pub resumed: bool,
    /// By kind.
    pub kinds: Vec<Kind>,
    /// Calls to Visma, at most: a document and a new customer each.
    pub visma_calls_at_most: u64,
    /// When it would be over, as far as Visma's window tells.
    pub end: Timestamp,
}

/// Calls that so many records cost Visma at most.
pub fn calls_at_most(records: u64) -> u64 {
    records.saturating_mul(2)
}

/// When it will be over: what is left takes as long as what was done, and Visma must take the calls.
pub fn end(now: Timestamp, took: SignedDuration, done: u64, left: u64, outlook: &Outlook) -> Timestamp {
    let millis = |time: Timestamp| u64::try_from(time.as_millisecond()).unwrap_or(0);
    let allowed = outlook.done_at(calls_at_most(left), 0, millis(now));
    let took = u64::try_from(took.as_millis()).unwrap_or(0);
    let needed = took.saturating_mul(left).checked_div(done).unwrap_or(0);
    let end = allowed.max(millis(now).saturating_add(needed));
    i64::try_from(end).ok().and_then(|end| Timestamp::from_millisecond(end).ok()).unwrap_or(Timestamp::MAX)
}

/// The plan for a person, with times in `zone`.
pub fn text(plan: &Plan, zone: &TimeZone) -> String {
    let mut text = format!("from {} to {} (not included), in the company's time zone\n", plan.span.from, plan.span.to);
    for Kind { kind, all, left } in &plan.kinds {
        let rest = if left == all { String::new() } else { format!(", of which {left} are left") };
        text += &format!("{kind:<12} {all:>8}{rest}\n");
    }
    if plan.resumed {
        text += "it continues an earlier run\n";
    }
    let end = told(plan.end, zone);
    text += &format!("at most {} calls to Visma; finished at {end} at the earliest\n", plan.visma_calls_at_most);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> DateTime {
        text.parse().expect("a date")
    }

    fn outlook(limit: Option<u64>) -> Outlook {
        Outlook { limit, left: 40, next_at: 3_600_000, length: 3_600_000, blocked_until: 0 }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).expect("a time")
    }

    #[test]
    fn a_span_ends_at_go_live_at_the_latest() {
        let live = day("2026-01-01");
        let span = Span::of(day("2025-12-01"), None, live).expect("a span");
        assert_eq!((span.from, span.to), (day("2025-12-01"), live));
        assert!(Span::of(day("2025-12-01"), Some(day("2025-12-10")), live).is_ok());
        for (from, to) in [("2026-01-01", None), ("2025-12-01", Some("2026-01-02")), ("2025-12-02", Some("2025-12-02"))]
        {
            let problem = Span::of(day(from), to.map(day), live).expect_err("no span");
            assert_eq!(problem.code, Code::BackfillRange, "{from} {to:?}");
        }
    }

    #[test]
    fn its_days_are_those_of_the_company() {
        let oslo = TimeZone::get("Europe/Oslo").expect("a zone");
        let span = Span::of(day("2025-06-01"), None, day("2026-01-01")).expect("a span");
        let (from, to) = span.instants(&oslo).expect("instants");
        assert_eq!(
            (from.to_string().as_str(), to.to_string().as_str()),
            ("2025-05-31T22:00:00Z", "2025-12-31T23:00:00Z")
        );
    }

    #[test]
    fn the_end_is_what_takes_longer_reading_or_the_window() {
        let minute = SignedDuration::from_secs(60);
        // 100 records in a minute, 200 are left.
        assert_eq!(end(at(0), minute, 100, 200, &outlook(None)), at(120_000));
        // 400 calls of which 40 are left in this hour and 100 in each of the next: over in the fifth.
        let end_by_window = end(at(0), minute, 100, 200, &outlook(Some(100)));
        assert!(end_by_window >= at(4 * 3_600_000), "{end_by_window}");
        assert_eq!(end(at(5), SignedDuration::ZERO, 0, 10, &outlook(None)), at(5), "nothing is known yet");
    }

    #[test]
    fn the_plan_says_what_is_left() {
        let span = Span::of(day("2025-12-01"), None, day("2026-01-01")).expect("a span");
        let kinds = vec![Kind { kind: "order", all: 120, left: 20 }, Kind { kind: "creditmemo", all: 3, left: 3 }];
        let plan = Plan { span, resumed: true, kinds, visma_calls_at_most: 46, end: at(0) };
        let text = text(&plan, &TimeZone::UTC);
        assert!(text.contains("120, of which 20 are left") && text.contains("creditmemo          3\n"), "{text}");
        let json = serde_json::to_value(&plan).expect("JSON");
        assert_eq!((json["from"].as_str(), json["kinds"][0]["left"].as_u64()), (Some("2025-12-01T00:00:00"), Some(20)));
    }
}
