//! Orders that cannot be booked, each beside a good one: a dead letter with a code and a sentence that an accountant
//! can work with, and nothing in Visma.

use std::time::Duration;

use serde_json::{Value, json};

use super::letters::{Letter, until_letters};
use super::order::{order, spoilt, written};
use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);

/// A spoilt order, the stage that refuses it, the code, and words that the sentence must have.
struct Case {
    order: Value,
    stage: &'static str,
    code: &'static str,
    says: &'static [&'static str],
}

fn case(order: Value, stage: &'static str, code: &'static str, says: &'static [&'static str]) -> Case {
    Case { order, stage, code, says }
}

/// Without the account rule that takes every item.
fn mapping_that_knows_some_skus() -> String {
    let some = mapping::DEFAULT
        .replace("when = { country = \"NO\", tax_rate = 25 }\naccount", "when = { sku = \"KNOWN-*\" }\naccount")
        .replace("account = \"3030\"", "when = { sku = \"OSS-*\" }\naccount = \"3030\"");
    assert_eq!(some.matches("-*\" }\naccount").count(), 2, "the default mapping file has changed");
    some
}

fn refused_by_mapping() -> Vec<Case> {
    let mapper = |number, changes: &[(&str, Value)], code, says| case(spoilt(number, changes), "mapper", code, says);
    vec![
        mapper(11, &[("/items", json!([]))], "ORDER_WITHOUT_ITEMS", &["000000011"]),
        mapper(12, &[("/order_currency_code", json!("JPY"))], "UNKNOWN_CURRENCY", &["000000012", "JPY"]),
        mapper(13, &[("/items/0/tax_percent", json!(24))], "UNKNOWN_TAX_RATE", &["000000013", "24"]),
        mapper(14, &[("/payment/method", json!("tulips"))], "UNKNOWN_PAYMENT_METHOD", &["000000014", "tulips"]),
        mapper(15, &[("/items/0/sku", json!("NEW-1"))], "UNKNOWN_SKU", &["000000015", "NEW-1"]),
        mapper(16, &[("/grand_total", json!(251))], "TOTAL_DOES_NOT_ADD_UP", &["000000016", "251", "250"]),
        mapper(
            17,
            &[("/items/0/row_total", json!(180)), ("/items/0/price", json!(90))],
            "LINES_DO_NOT_ADD_UP",
            &["000000017", "180", "200"],
        ),
        mapper(18, &[("/state", json!("lost"))], "UNKNOWN_STATE", &["000000018", "lost"]),
        mapper(19, &[("/grand_total", json!("much"))], "ORDER_UNREADABLE", &["19", "grand_total"]),
        mapper(20, &[("/grand_total", written("1e9999"))], "ORDER_UNREADABLE", &["20", "grand_total"]),
    ]
}

fn refused_by_visma() -> Vec<Case> {
    let ambiguous = [("/customer_email", json!("Twice@Example.no"))];
    let closed = [("/created_at", json!("2025-03-15 12:00:00"))];
    vec![
        case(spoilt(21, &ambiguous), "writer-visma", "CUSTOMER_AMBIGUOUS", &["10000", "10001"]),
        case(spoilt(21, &ambiguous), "writer-visma", "CUSTOMER_REFUSED", &["WEB-000000021", "250", "10000", "10001"]),
        case(
            spoilt(22, &closed),
            "writer-visma",
            "VISMA_PERIOD_CLOSED",
            &["WEB-000000022", "250", "The 03-2025 financial period is closed in Customer ledger."],
        ),
    ]
}

#[tokio::test]
async fn what_cannot_be_booked_is_a_dead_letter_that_says_why() {
    let wishes = Wishes { mapping: Some(mapping_that_knows_some_skus()), ..Wishes::default() };
    let mut house = House::prepare(wishes).await;
    let twice = json!({ "emails": ["twice@example.no", "twice@example.no"] });
    house.installation.tell("visma/customers", &twice).await.unwrap();
    house.installation.tell("visma/periods", &json!({ "period": "202503", "closed": true })).await.unwrap();
    let cases: Vec<Case> = refused_by_mapping().into_iter().chain(refused_by_visma()).collect();
    for case in &cases {
        house.store(&case.order).await;
    }
    house.store(&order(1)).await;
    house.installation.start_services().unwrap();
    let letters = until_letters(&house, cases.len(), PATIENCE).await;
    for case in &cases {
        assert_said(case, &letters);
    }
    assert_eq!(letters.len(), cases.len(), "{letters:#?}");
    // Nobody waits behind them, and none of them left anything in Visma.
    let ledger = house
        .until("the good order's invoice", PATIENCE, |ledger| ledger["invoices"]["count"].as_u64() >= Some(1))
        .await;
    assert_eq!(ledger["invoices"]["count"], 1, "{ledger:#}");
    assert_eq!(ledger["documents"][0]["invoices"].as_array().unwrap().len(), 1, "{ledger:#}");
    assert_eq!(ledger["totals_differ"], json!([]));
}

fn assert_said(case: &Case, letters: &[Letter]) {
    let key = case.order["entity_id"].to_string();
    let of_order = |l: &&Letter| l.stage == case.stage && l.code == case.code && l.is_about(&key);
    let letter = letters.iter().find(of_order);
    let letter = letter.unwrap_or_else(|| panic!("no {} of order {key} from {}: {letters:#?}", case.code, case.stage));
    for words in case.says {
        assert!(letter.sentence.contains(words), "`{words}` is not in: {}", letter.sentence);
    }
    assert!(letter.remedy.len() > 10, "{letter:?} says nothing of what to do");
}

#[tokio::test]
async fn exponents_and_four_decimals_are_booked_to_the_cent() {
    let house = House::start(Wishes::default()).await;
    // As shops write them: a discount of nothing left over from floating point, prices with four decimals.
    let changes = [
        ("/discount_amount", written("-5.55E-17")),
        ("/items/0/discount_amount", written("5.55E-17")),
        ("/items/0/qty_ordered", written("3.0000")),
        ("/items/0/price", written("33.3333")),
        ("/items/0/price_incl_tax", written("41.6666")),
        ("/items/0/row_total", written("99.9999")),
        ("/items/0/row_total_incl_tax", written("1.249999E+2")),
        ("/items/0/tax_percent", written("2.5E1")),
        ("/items/0/tax_amount", written("25.0000")),
        ("/subtotal", written("99.9999")),
        ("/subtotal_incl_tax", written("124.9999")),
        ("/tax_amount", written("25.0000")),
        ("/grand_total", written("124.9999")),
    ];
    house.store(&spoilt(7, &changes)).await;
    let ledger = house.until_booked(1, PATIENCE).await;
    assert_eq!(ledger["documents"][0]["invoices"][0]["total"], json!("125.00"), "{ledger:#}");
    assert!(house.dead_letters().await.is_empty());
}
