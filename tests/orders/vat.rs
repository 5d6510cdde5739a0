//! Tax that is not one rate on one base, from the shop to the books.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);

async fn shop_taxes(house: &House, habits: &Value) {
    house.installation.tell_shop("commerce/config", &json!({ "tax": habits })).await.unwrap();
}

/// The invoices that were sent to Visma.
async fn invoices(house: &House) -> Vec<Value> {
    let log = house.installation.ask("log?since=0").await.unwrap();
    let made = |entry: &&Value| entry["kind"] == "POST /v2/customerinvoice";
    let body = |entry: &Value| serde_json::from_str(entry["body"].as_str().unwrap()).unwrap();
    log.as_array().unwrap().iter().filter(made).map(body).collect()
}

/// VAT codes of the lines on the account of shipping.
fn shipping_codes(invoice: &Value) -> BTreeSet<String> {
    let lines = invoice["invoiceLines"].as_array().unwrap().iter();
    let shipping = lines.filter(|line| line["accountNumber"]["value"] == "3060");
    shipping.map(|line| line["vatCodeId"]["value"].to_string()).collect()
}

#[tokio::test]
async fn shipping_at_the_rates_of_the_goods_stands_on_their_vat_codes() {
    let house = House::start(Wishes::default()).await;
    shop_taxes(&house, &json!({ "shipping_by_goods": true })).await;
    house.place(20, 10).await;
    let ledger = house.until_booked(20, PATIENCE).await;
    assert_eq!(ledger["totals_differ"], json!([]), "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
    let split = invoices(&house).await.iter().filter(|invoice| shipping_codes(invoice).len() > 1).count();
    assert!(split > 3, "{split} invoices have shipping on several VAT codes");
}

#[tokio::test]
async fn an_item_without_the_tax_of_its_rate_is_refused_until_the_mapping_file_says_how_it_is_booked() {
    let house = House::start(Wishes::default()).await;
    shop_taxes(&house, &json!({ "exempt_row": true })).await;
    house.place(1, 1).await;
    let sentence = house.until_dead("VAT_DIFFERS", PATIENCE).await;
    assert!(sentence.contains("charged 0.00") && sentence.contains("[[vat_exception]]"), "{sentence}");
    assert_eq!(invoices(&house).await, Vec::<Value>::new());
    drop(house);
    let exception = "[[vat_exception]]\nwhen = { line = \"item\" }\nreason = \"sold without VAT\"\nbook = \"untaxed\"\ncode = \"6\"\n";
    let house =
        House::start(Wishes { mapping: Some(mapping::DEFAULT.to_owned() + exception), ..Wishes::default() }).await;
    shop_taxes(&house, &json!({ "exempt_row": true })).await;
    house.place(1, 1).await;
    let ledger = house.until_booked(1, PATIENCE).await;
    assert_eq!(ledger["totals_differ"], json!([]), "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
    let note = invoices(&house).await[0]["note"]["value"].to_string();
    assert!(note.contains("sold without VAT"), "{note}");
}
