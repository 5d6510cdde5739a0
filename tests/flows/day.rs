//! A short day under a window that is spent several times in it: what must be zero is zero, and no call is wasted. The
//! whole day is among the figures.

use serde_json::json;

use crate::day::{Day, morning, play, storm};
use crate::house::Wishes;

const DAY: Day = Day {
    earlier: 24,
    customers: 20,
    orders: 30,
    new_customers: 6,
    customer_edits: 4,
    credit_memos: 2,
    supplier_invoices: 6,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_and_a_storm_keep_to_the_window_and_lose_nothing() {
    let company = json!({ "rate_limit": 30, "rate_window_ms": 3_000 }).to_string();
    let house = morning(&DAY, Wishes::default().sandbox("--visma-config", &company)).await;
    let seen = play(&house, &DAY).await;
    seen.assert_zeros(&house);
    assert!(seen.calls() >= DAY.fewest_calls(), "{:#?}", seen.calls_by_kind());
    assert!(seen.calls() <= DAY.fewest_calls() + 3, "{:#?}", seen.calls_by_kind());
    let seen = storm(&house, &DAY, 2).await;
    seen.assert_zeros(&house);
    assert!(seen.edits >= DAY.customer_edits, "{seen:?}");
    assert!(seen.audit("kept_edits") >= 2 * DAY.customer_edits, "{:#}", seen.ledger["audit"]);
    // A window that nobody came near proves nothing.
    assert!(seen.audit("busiest_window") >= 20, "{:#}", seen.ledger["audit"]);
}
