use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn stamp(text: &str) -> Stamp {
    text.parse().unwrap()
}

fn row(key: &str, modified: &str, version: &str) -> Value {
    json!({"key": key, "modified": modified, "version": version})
}

fn mark(row: &Value) -> Result<Mark, Infallible> {
    let text = |name: &str| row[name].as_str().filter(|text| !text.is_empty());
    Ok(Mark {
        key: text("key").unwrap().to_owned(),
        modified: text("modified").map(|text| text.parse().unwrap()),
        version: text("version").and_then(Etag::parse),
    })
}

fn page(rows: &[Value], total: u64) -> Page<Value> {
    Page { rows: rows.to_vec(), total: Some(total), max_page_size: None, unshown: 0 }
}

const CEILING: &str = "2026-11-23";

fn delta(since: Option<&str>) -> Delta {
    Delta::new(since.map(stamp), since.map(stamp), stamp(CEILING), 1000)
}

#[test]
fn a_row_that_moved_between_pages_is_taken_once_and_a_newer_version_of_it_again() {
    let mut delta = delta(None);
    let first = delta.take(page(&[row("1", "2026-11-22T09:00:00", "a"), row("2", "", "b")], 4), mark).unwrap();
    assert_eq!(first.rows.len(), 2);
    let second = [row("1", "2026-11-22T09:00:00", "a"), row("2", "2026-11-22T09:00:01", "c")];
    let second = delta.take(page(&second, 4), mark).unwrap();
    assert_eq!(second.rows, [row("2", "2026-11-22T09:00:01", "c")]);
    assert_eq!(second.turn, Turn::Fetch(1), "four rows of two records: two were missed");
    assert_eq!(delta.reach(Duration::ZERO), Some(stamp("2026-11-22T09:00:01")));
}

#[test]
fn ties_on_the_moment_asked_for_are_taken() {
    let mut delta = delta(Some("2026-11-22T09:00:00.500"));
    let rows = [row("1", "2026-11-22T09:00:00.500", "a"), row("2", "2026-11-22T09:00:00.500", "b")];
    assert_eq!(delta.take(page(&rows, 2), mark).unwrap().rows.len(), 2);
    assert_eq!(delta.outside(), 0);
}

#[test]
fn a_filter_that_was_not_honoured_shows() {
    let mut delta = delta(Some("2026-11-22T09:00:00"));
    let rows = [row("1", "2026-11-22T08:59:59.999", "a"), row("2", "2026-11-22T09:00:00", "b"), row("3", "", "c")];
    let taken = delta.take(page(&rows, 3), mark).unwrap();
    assert_eq!(taken.rows.len(), 2, "a row without a stamp cannot be told to be older");
    assert_eq!(delta.outside(), 1);
}

#[test]
fn a_stamp_from_the_future_moves_no_cursor() {
    let mut delta = delta(Some("2026-11-22T09:00:00"));
    let rows = [row("1", "2062-11-22T09:00:00", "a"), row("2", "2026-11-22T10:00:00", "b")];
    assert_eq!(delta.take(page(&rows, 2), mark).unwrap().rows.len(), 2);
    assert_eq!(delta.reach(Duration::ZERO), Some(stamp("2026-11-22T10:00:00")));
}

#[test]
fn what_was_modified_during_a_reading_is_read_again() {
    let mut delta = delta(Some("2026-11-22T09:00:00"));
    delta.take(page(&[row("1", "2026-11-22T10:00:00", "a")], 1), mark).unwrap();
    assert_eq!(delta.reach(Duration::from_secs(60)), Some(stamp("2026-11-22T09:59:00")));
}

#[test]
fn the_cursor_never_goes_back() {
    let mut delta =
        Delta::new(Some(stamp("2026-11-22T07:00:00")), Some(stamp("2026-11-22T09:00:00")), stamp(CEILING), 9);
    delta.take(page(&[row("1", "2026-11-22T08:00:00", "a")], 1), mark).unwrap();
    assert_eq!(delta.reach(Duration::ZERO), Some(stamp("2026-11-22T09:00:00")));
}

#[test]
fn rows_that_tell_no_version_are_left_to_their_content() {
    let mut delta = delta(None);
    let rows = [row("1", "", ""), row("1", "", "")];
    assert_eq!(delta.take(page(&rows, 2), mark).unwrap().rows.len(), 2);
}

#[test]
fn rows_that_changed_places_behind_a_steady_total_are_looked_for() {
    let mut delta = delta(None);
    let rows = |keys: [&str; 2]| page(&keys.map(|key| row(key, "2026-11-22T09:00:00", key)), 4);
    delta.take(rows(["1", "2"]), mark).unwrap();
    assert_eq!(delta.take(rows(["2", "3"]), mark).unwrap().turn, Turn::Fetch(1), "four rows, but three records");
    delta.take(rows(["4", "1"]), mark).unwrap();
    assert_eq!(delta.take(rows(["2", "3"]), mark).unwrap().turn, Turn::Drained { settled: true });
}

#[test]
fn a_list_that_hides_a_record_is_not_believed() {
    let mut delta = delta(None);
    let mut turns = (0..1000).map(|_| delta.take(page(&[row("1", "", "a")], 2), mark).unwrap().turn);
    assert_eq!(turns.find(|turn| !matches!(turn, Turn::Fetch(_))), Some(Turn::Drained { settled: false }));
}

/// A list that plays with its reader: rows in an order of its own at every request, some modified between two pages,
/// some deleted, a filter that is sometimes forgotten, pages that are smaller than asked for.
struct Vendor {
    rows: BTreeMap<u32, (u64, u64)>,
    clock: u64,
    dice: u64,
}

impl Vendor {
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % sides
    }

    fn modify(&mut self, key: u32) {
        self.clock += self.roll(2); // Often the same millisecond.
        let version = self.clock * 1_000 + u64::from(key);
        self.rows.insert(key, (self.clock, version));
    }

    fn text(clock: u64) -> String {
        stamp("2026-11-01").shifted(clock).to_string()
    }

    fn answer(&mut self, since: Option<Stamp>, number: u32, size: usize, forgetful: bool) -> Page<Value> {
        let honoured = !(forgetful && self.roll(3) == 0);
        let asked = |modified: u64| {
            let modified = stamp("2026-11-01").shifted(modified);
            !honoured || since.is_none_or(|since| modified >= since)
        };
        let rows = self.rows.iter().filter(|(_, (modified, _))| asked(*modified));
        let mut rows: Vec<Value> = rows
            .map(|(key, (modified, version))| row(&key.to_string(), &Self::text(*modified), &version.to_string()))
            .collect();
        let total = rows.len() as u64;
        let turn = self.roll(7) as usize;
        rows.sort_by_key(|row| row["key"].as_str().unwrap().len() * turn);
        let shown = rows.into_iter().skip((number as usize - 1) * size).take(size).collect::<Vec<_>>();
        Page { total: (!shown.is_empty()).then_some(total), rows: shown, max_page_size: None, unshown: 0 }
    }
}

impl Stamp {
    fn shifted(self, millis: u64) -> Self {
        let moment: jiff::civil::DateTime = self.to_string().parse().unwrap();
        (moment + jiff::SignedDuration::from_millis(i64::try_from(millis).unwrap())).into()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Checks that nothing is lost, whatever the list does between two requests. Once it has stood still for one poll,
    /// every record's last version has been taken, and the cursor is the newest stamp.
    #[test]
    fn nothing_is_lost_to_a_list_that_plays(seed in any::<u64>(), records in 1_u32..40, size in 1_usize..9) {
        let mut vendor = Vendor { rows: BTreeMap::new(), clock: 10_000, dice: seed };
        (0..records).for_each(|key| vendor.modify(key));
        let (mut newest, mut taken) = (None::<Stamp>, BTreeSet::new());
        for poll in 0..6 {
            let (since, began) = (newest, vendor.clock);
            let mut delta = Delta::new(since, newest, stamp("2026-12-01"), 10_000);
            let settled = loop {
                let page = vendor.answer(since, delta.page(), size, poll < 5);
                let got = delta.take(page, mark).unwrap();
                taken.extend(got.rows.iter().map(|row| row["version"].as_str().unwrap().to_owned()));
                if poll < 5 && vendor.roll(4) == 0 {
                    let key = vendor.roll(u64::from(records) + 5) as u32;
                    vendor.modify(key);
                    vendor.clock += vendor.roll(3);
                }
                match got.turn {
                    Turn::Fetch(_) => {}
                    Turn::Drained { settled } => break settled,
                    Turn::TooLong => break false,
                }
            };
            if settled {
                newest = delta.reach(Duration::from_millis(vendor.clock - began));
            }
        }
        for (key, (_, version)) in &vendor.rows {
            prop_assert!(taken.contains(&version.to_string()), "version {version} of {key} was never taken");
        }
        prop_assert_eq!(newest.map(|n| n.to_string()), vendor.rows.values().map(|(at, _)| Vendor::text(*at)).max());
    }
}
