//! Texts that nobody should write, in every field that somebody can write.

use serde_json::{Value, json};

use super::{PATIENCE, booked};
use crate::bad_input::order::{order, spoilt, written};
use crate::house::{House, Wishes};

/// Hostile texts: a line break and a header of the broker's, a terminal's commands, a zero, a mark of our own.
const TEXTS: [&str; 5] = [
    "7\r\nNats-Rollup: all\r\n\r\n",
    "\u{1b}]0;title\u{7}\u{1b}[2J",
    "a\u{0}b",
    "UTF-8''%0D%0A",
    "\u{202e}drawkcab\u{2028}",
];

/// The texts of an order that a shop, a module or a buyer can write.
const FIELDS: [&str; 9] = [
    "/increment_id",
    "/customer_email",
    "/customer_firstname",
    "/billing_address/city",
    "/billing_address/company",
    "/items/0/sku",
    "/items/0/name",
    "/order_currency_code",
    "/payment/method",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_in_any_field_of_an_order_stops_nobody() {
    let mut house = House::start(Wishes::default().set("COMMERCE__POLL__INTERVAL", "500ms")).await;
    let mut number = 100;
    for field in FIELDS {
        for text in TEXTS {
            let spoilt = if order(number).pointer(field).is_some() {
                spoilt(number, &[(field, json!(text))])
            } else {
                with(order(number), field, text)
            };
            house.store(&spoilt).await;
            number += 1;
        }
    }
    let hostile = u64::from(number) - 100;
    for good in 9000..=9002 {
        house.store(&order(good)).await;
    }
    settled(&house, hostile + 3).await;
    assert!(booked(&house.ledger().await) >= 3, "{}", house.logs());
    every_service_still_runs(&mut house);
}

/// The largest amounts that are read, where what counts is what was paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amounts_beyond_any_document_are_refused() {
    let wishes = Wishes::default().set("COMMERCE__POLL__INTERVAL", "500ms").set("SCOPE__TRIGGER", "paid");
    let mut house = House::start(wishes).await;
    for (place, amount) in ["999999999999999999", "-999999999999999999"].iter().enumerate() {
        let mut order = order(100 + u32::try_from(place).unwrap());
        (order["total_paid"], order["total_canceled"]) = (written(amount), written(amount));
        house.store(&order).await;
    }
    let mut good = order(9000);
    good["total_paid"] = good["grand_total"].clone();
    house.store(&good).await;
    house.until("the good one is booked", PATIENCE, |ledger| booked(ledger) == 1).await;
    house.until_dead("AMOUNT_OUT_OF_RANGE", PATIENCE).await;
    every_service_still_runs(&mut house);
}

fn with(mut order: Value, field: &str, text: &str) -> Value {
    let (parent, name) = field.rsplit_once('/').unwrap();
    order.pointer_mut(parent).unwrap_or_else(|| panic!("{parent} is not in the order"))[name] = json!(text);
    order
}

/// Waits until each of so many orders was booked, refused or left out.
async fn settled(house: &House, orders: u64) {
    let log = house.installation.log().await.unwrap();
    let began = std::time::Instant::now();
    loop {
        let progress = operator::orders::progress(&log).await.unwrap();
        if progress.settled >= orders {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{} of {orders} are settled\n{}", progress.settled, house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

fn every_service_still_runs(house: &mut House) {
    for service in ["ingestor-commerce", "ingestor-visma", "mapper", "writer-visma", "writer-commerce"] {
        let mut process = house.installation.take_service(service).unwrap();
        assert!(process.ended().is_none(), "{service} has ended\n{}", house.logs());
        process.kill();
    }
}
