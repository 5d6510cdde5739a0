use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::time;
use jiff::tz::TimeZone;
use serde::Deserialize as _;
use serde::de::value::{Error, StrDeserializer};

use super::{Interval, Schedule, Zone};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time of the test")
}

fn daily(hour: i8, minute: i8, zone: &str) -> Schedule {
    Schedule::Daily(time(hour, minute, 0, 0), TimeZone::get(zone).expect("a zone"))
}

/// Every run between two instants, of a service that is never down and takes `late` seconds to begin.
fn runs(schedule: &Schedule, from: &str, until: &str, late: i64) -> Vec<String> {
    let (mut last, until) = (at(from), at(until));
    let mut runs = Vec::new();
    loop {
        let due = schedule.due(Some(last), last);
        if due >= until {
            return runs;
        }
        runs.push(due.to_string());
        last = due + jiff::SignedDuration::from_secs(late);
    }
}

#[test]
fn a_first_run_is_due_at_once() {
    let now = at("2026-03-01T12:00:00Z");
    assert_eq!(daily(5, 30, "Europe/Oslo").due(None, now), now);
    assert_eq!(Schedule::Every(Duration::from_secs(60)).due(None, now), now);
}

#[test]
fn an_interval_counts_from_the_beginning_of_the_last_run() {
    let schedule = Schedule::Every(Duration::from_secs(120));
    let last = at("2026-03-01T12:00:00Z");
    assert_eq!(schedule.due(Some(last), last), at("2026-03-01T12:02:00Z"));
    assert_eq!(Schedule::Every(Duration::MAX).due(Some(last), last), Timestamp::MAX);
}

#[test]
fn a_day_of_the_business_begins_in_its_time_zone() {
    let schedule = daily(5, 30, "Europe/Oslo");
    let expected = ["2026-01-10T04:30:00Z", "2026-01-11T04:30:00Z"];
    assert_eq!(runs(&schedule, "2026-01-09T23:00:00Z", "2026-01-12T00:00:00Z", 3), expected);
    let expected = ["2026-07-09T21:30:00Z", "2026-07-10T21:30:00Z"];
    assert_eq!(runs(&daily(5, 30, "Asia/Singapore"), "2026-07-09T00:00:00Z", "2026-07-11T00:00:00Z", 3), expected);
}

/// 29 March 2026 has no 02:30 in Oslo: clocks go from 02:00 to 03:00, and the run is at 03:30.
#[test]
fn a_time_that_does_not_exist_runs_once() {
    let expected = ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"];
    for late in [1, 3600] {
        let runs = runs(&daily(2, 30, "Europe/Oslo"), "2026-03-27T12:00:00Z", "2026-03-30T12:00:00Z", late);
        assert_eq!(runs, expected);
    }
}

/// 25 October 2026 has 02:30 twice in Oslo, at 00:30 and at 01:30 UTC.
#[test]
fn a_time_that_exists_twice_runs_once() {
    let expected = ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
    for late in [1, 3600, 7200] {
        let runs = runs(&daily(2, 30, "Europe/Oslo"), "2026-10-23T12:00:00Z", "2026-10-26T12:00:00Z", late);
        assert_eq!(runs, expected);
    }
}

/// Samoa had no 30 December 2011.
#[test]
fn a_day_that_does_not_exist_does_not_run_twice() {
    let runs = runs(&daily(5, 0, "Pacific/Apia"), "2011-12-29T00:00:00Z", "2012-01-01T12:00:00Z", 1);
    assert_eq!(runs, ["2011-12-29T15:00:00Z", "2011-12-30T15:00:00Z", "2011-12-31T15:00:00Z"]);
}

#[test]
fn runs_that_were_missed_are_caught_up_by_one() {
    let schedule = daily(5, 30, "Europe/Oslo");
    let (last, now) = (at("2026-01-10T04:30:02Z"), at("2026-01-14T12:00:00Z"));
    assert!(schedule.due(Some(last), now) <= now);
    assert_eq!(schedule.due(Some(now), now), at("2026-01-15T04:30:00Z"));
}

#[test]
fn a_run_that_a_wrong_clock_wrote_does_not_hold_back_the_next() {
    let (last, now) = (at("2031-01-01T00:00:00Z"), at("2026-01-14T12:00:00Z"));
    assert_eq!(daily(5, 30, "Europe/Oslo").due(Some(last), now), at("2026-01-15T04:30:00Z"));
    assert_eq!(Schedule::Every(Duration::from_secs(60)).due(Some(last), now), at("2026-01-14T12:02:00Z"));
    // One that is a moment ahead counts as it stands.
    let last = at("2026-01-15T04:30:01Z");
    assert_eq!(daily(5, 30, "Europe/Oslo").due(Some(last), at("2026-01-15T04:29:58Z")), at("2026-01-16T04:30:00Z"));
}

#[test]
fn settings_say_an_interval_or_daily() {
    let interval = |text| Interval::deserialize(StrDeserializer::<Error>::new(text));
    assert_eq!(interval("daily"), Ok(Interval::Daily));
    assert!(matches!(interval("2m"), Ok(Interval::Every(span)) if span.0 == Duration::from_secs(120)));
    let refused = interval("weekly").expect_err("no interval").to_string();
    assert!(refused.contains("`weekly` is no length of time") && refused.ends_with("or write \"daily\""), "{refused}");
    let zone = |text| Zone::deserialize(StrDeserializer::<Error>::new(text));
    assert!(zone("Europe/Oslo").is_ok());
    assert_eq!(zone("Mars").expect_err("no zone").to_string(), "`Mars` is no IANA time zone, such as `Europe/Oslo`");
    let schedule = Schedule::new(Interval::Daily, time(5, 30, 0, 0), &zone("Europe/Oslo").expect("a zone"));
    assert_eq!(schedule.patience(), Duration::from_secs(60));
    assert_eq!(Schedule::Every(Duration::from_secs(2)).patience(), Duration::from_secs(2));
}
