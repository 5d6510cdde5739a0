//! A short day under a window that is spent several times in it: what must be zero is zero, and no call is wasted. The
//! whole day is among the figures.

use serde_json::json;

use crate::day::{Day, both, morning, play, storm};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_service_wants_a_right_that_its_user_has_not() {
    let day =
        Day { earlier: 8, customers: 6, orders: 8, new_customers: 2, customer_edits: 2, supplier_invoices: 3, ..DAY };
    let mut house = morning(&day, Wishes { rights: true, ..Wishes::default() }).await;
    let seen = play(&house, &day).await;
    seen.assert_zeros(&house);
    // A broker that comes back has forgotten the consumers of views, and is asked for them.
    house.installation.broker.kill_and_restart().await.unwrap();
    both::poll(&house, "visma").await;
    both::until_quiet(&house).await;
    for service in ["provision", "ingestor-commerce", "ingestor-visma", "mapper", "writer-visma", "writer-commerce"] {
        let log = std::fs::read_to_string(house.installation.folder().join(format!("{service}.log"))).unwrap();
        let refused: Vec<&str> = log.lines().filter(|line| line.contains("the broker refuses")).collect();
        assert!(refused.is_empty(), "{service} lacks a right in deploy/nats/nats.conf:\n{}", refused.join("\n"));
    }
}
