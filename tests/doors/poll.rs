//! The poll alone finds everything, however late it commits and however many share a second.

use serde_json::json;

use super::{PATIENCE, changes};
use crate::house::{House, Wishes};

/// A transaction takes its `updated_at` when it runs and is seen when it commits: the cursor has passed that second by
/// then, and only the overlap finds the order.
#[tokio::test]
async fn orders_that_commit_late_are_found_by_the_overlap() {
    let late = json!({ "late_commit": { "percent": 50, "max_ms": 5000 } }).to_string();
    let wishes = Wishes::default()
        .sandbox("--commerce-config", &late)
        .set("COMMERCE__POLL__INTERVAL", "200ms")
        .set("COMMERCE__POLL__SAFETY_LAG", "0s")
        .set("COMMERCE__POLL__OVERLAP", "10s");
    let house = House::start(wishes).await;
    house.until_ready("ingestor-commerce").await;
    let over_seconds = json!({ "count": 40, "customers": 5, "rate_per_second": 13, "webhook": false });
    house.installation.tell_shop("orders", &over_seconds).await.unwrap();
    house.until_booked(40, PATIENCE).await;
    assert_eq!(changes(&house).await, [1; 40]);
}

#[tokio::test]
async fn pages_go_on_in_the_middle_of_a_second() {
    let wishes = Wishes::default().set("COMMERCE__POLL__PAGE_SIZE", "7");
    let house = House::prepare(wishes).await;
    house.place(100, 10).await; // At once: many of one second.
    let mut house = house;
    house.installation.start_services().unwrap();
    house.until_booked(100, PATIENCE).await;
    assert_eq!(changes(&house).await, [1; 100]);
}
