//! Lists: unordered, paged, with the count on every element.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::response::Response;
use http::StatusCode;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::Value;

use super::books::Stamps;
use super::config::{Config, ListOrder};
use super::query::Query;
use super::reply;

/// A record that lists show.
pub(super) trait Row {
    /// A number of its own, from which its place is drawn.
    fn place(&self) -> u64;
    /// Its JSON object, without the closing brace.
    fn open_object(&self, config: &Config, query: &Query) -> String;
}

/// Draws the order of lists.
#[derive(Debug)]
pub(super) struct Shuffle {
    seed: u64,
    drawn: AtomicU64,
}

impl Shuffle {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }

    fn next(&self) -> StdRng {
        StdRng::seed_from_u64(mix(self.seed ^ self.drawn.fetch_add(1, Ordering::Relaxed)))
    }
}

/// The splitmix64 finalizer: spreads neighbouring numbers over the whole range.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// True when lists show the record already.
pub(super) fn visible(stamps: &Stamps, config: &Config, now: Instant) -> bool {
    now.duration_since(stamps.since) >= Duration::from_millis(config.list_lag_ms)
}

/// One page of the rows that were found, as a bare array.
pub(super) fn page<R: Row>(mut rows: Vec<&R>, config: &Config, query: &Query, shuffle: &Shuffle) -> Response {
    let total = rows.len();
    let page = query.page(config.max_page_size);
    let mut draw = shuffle.next();
    match config.list_order {
        ListOrder::WithinPages if total > page.size => rows.sort_by_cached_key(|row| mix(shuffle.seed ^ row.place())),
        ListOrder::WithinPages => {}
        ListOrder::EveryRequest => rows.shuffle(&mut draw),
    }
    let mut shown: Vec<&R> = rows.into_iter().skip(page.skip).take(page.size).collect();
    shown.shuffle(&mut draw);

    let metadata = format!(r#","metadata":{{"totalCount":{total},"maxPageSize":{}}}}}"#, config.max_page_size);
    let mut body = String::with_capacity(shown.len() * 2048 + 2);
    body.push('[');
    for (i, row) in shown.into_iter().enumerate() {
        if i > 0 {
            body.push(',');
        }
        body.push_str(&row.open_object(config, query));
        body.push_str(&metadata);
    }
    body.push(']');
    reply::json(StatusCode::OK, body)
}

/// A JSON object's text without its closing brace, so that a member can be put after it.
pub(super) fn opened(object: &Value) -> String {
    let mut text = object.to_string();
    text.pop();
    text
}
