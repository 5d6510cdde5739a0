//! Orders that are overtaken by their own next version, and orders larger than most.

use std::time::{Duration, SystemTime};

use record::envelope::{self, header};
use serde_json::{Value, json};

use super::{PATIENCE, entries, quick, until_entries};
use crate::bad_input::order::order;
use crate::house::House;

/// A mapper that was away finds both versions in the stream. An invoice of the first could not be taken back by
/// deciding on the second.
#[tokio::test]
async fn an_order_that_was_cancelled_while_the_mapper_was_away_is_not_booked() {
    let mut house = House::prepare(quick()).await;
    for service in ["ingestor-commerce", "ingestor-visma", "writer-visma"] {
        house.installation.start_service(service).unwrap();
    }
    house.store(&order(1)).await;
    let changes = "change.main.commerce.order.1";
    let first = until_entries(&house, "CHANGES", changes, 1).await.remove(0);
    house.installation.tell_shop("orders/1/state", &json!({ "state": "canceled" })).await.unwrap();
    until_entries(&house, "CHANGES", changes, 2).await;
    // A change that is fresher than this is not held against the stream: its reader would have had to be slow.
    let old = SystemTime::from(first.time) + Duration::from_millis(1_100);
    tokio::time::sleep(old.duration_since(SystemTime::now()).unwrap_or_default()).await;
    house.installation.start_service("mapper").unwrap();
    let outcomes = until_entries(&house, "OUTCOMES", "outcome.main.mapping.order.1", 2).await;
    let codes: Vec<_> = outcomes.iter().map(|outcome| header(&outcome.headers, envelope::CODE).unwrap()).collect();
    assert_eq!(codes, ["SUPERSEDED", "STATE_SKIPPED"]);
    assert_eq!(house.messages("COMMANDS").await, 0, "nothing is asked of Visma");
    assert_eq!(house.dead_letters().await, []);
}

/// An order of this many lines: about as much JSON to a line as Commerce sends.
fn large(lines: u32) -> Value {
    let mut order = order(1);
    let item = order["items"][0].clone();
    let items = (1..=lines).map(|number| {
        let mut item = item.clone();
        item["item_id"] = json!(number);
        item["sku"] = json!(format!("KNOWN-{number}"));
        item["name"] = json!(format!("Lampe {number}"));
        // Different for each line, as options and descriptions are: repeats would be compressed to nothing.
        let words = (0..300u32).map(|word| format!("{:x}", (word + 1).wrapping_mul(2_654_435_761).rotate_left(number)));
        item["additional_data"] = json!(words.collect::<Vec<_>>().join(" "));
        item
    });
    order["items"] = items.collect();
    for (name, each) in [
        ("subtotal", 200),
        ("base_subtotal", 200),
        ("subtotal_incl_tax", 250),
        ("base_subtotal_incl_tax", 250),
        ("tax_amount", 50),
        ("base_tax_amount", 50),
        ("grand_total", 250),
        ("base_grand_total", 250),
        ("total_due", 250),
    ] {
        order[name] = json!(each * lines);
    }
    order["payment"]["amount_ordered"] = json!(250 * lines);
    order
}

/// The broker has a limit for one message, and an order of a few hundred lines is near it.
#[tokio::test]
async fn a_large_order_is_stored_compressed_and_booked() {
    let house = House::start(quick()).await;
    let order = large(240);
    assert!(order.to_string().len() > 512 * 1024, "only {} bytes", order.to_string().len());
    house.store(&order).await;
    let ledger = house.until_booked(1, PATIENCE).await;
    assert_eq!(ledger["documents"][0]["invoices"][0]["total"], json!("60000.00"), "{ledger:#}");
    let change = entries(&house, "CHANGES", "change.main.commerce.order.1").await.remove(0);
    assert_eq!(header(&change.headers, "Content-Encoding"), Some("gzip"));
    assert!(change.payload.len() < order.to_string().len(), "{} bytes", change.payload.len());
    assert_eq!(house.dead_letters().await, []);
}
