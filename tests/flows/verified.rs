//! A document in Visma held against all that was booked: VAT by code, accounts, customer, date; what is told of it, and
//! how often; and what of an order's later versions is told at all.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::seen::{quick, until_outcome};
use crate::bad_input::order::spoilt;
use crate::hold::Hold;
use crate::house::{House, Wishes};
use crate::regressions::until_entries;

const PATIENCE: Duration = Duration::from_secs(60);
const RECORD: &str = "outcome.main.visma.invoice.7";

/// The number of the only invoice, once a poll has verified it.
async fn booked(house: &House, order: &Value) -> String {
    house.store(order).await;
    until_outcome(house, RECORD, "verified").await.number
}

async fn edit(house: &House, number: &str, body: Value) {
    let errand = json!({ "entity": "invoice", "number": number, "body": body });
    house.installation.tell("visma/accountant", &errand).await.unwrap();
}

/// A change of the invoice's only line.
fn line(field: &str, value: &str) -> Value {
    json!({ "invoiceLines": [{ "operation": "Update", "lineNumber": { "value": 1 }, field: { "value": value } }] })
}

/// The codes that `drift` lists.
async fn drifts(house: &House) -> Vec<String> {
    let (_, list, _) = house.verb(&["drift", "--json"], &[]).await;
    let code = |line: &str| serde_json::from_str::<Value>(line).unwrap()["code"].as_str().unwrap().to_owned();
    list.lines().map(code).collect()
}

async fn until_drifts(house: &House, wanted: &[&str]) {
    let started = Instant::now();
    loop {
        let drifts = drifts(house).await;
        if drifts == wanted {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{drifts:?} and not {wanted:?}\n{}", house.logs());
    }
}

/// Waits until the last poll of the document has been held against its record.
async fn until_compared(house: &House, number: &str, versions: usize) {
    let changes = until_entries(house, "CHANGES", &format!("change.main.visma.invoice.{number}"), versions).await;
    let last = changes.last().unwrap().sequence;
    let started = Instant::now();
    loop {
        let entries = crate::regressions::entries(house, "OUTCOMES", RECORD).await;
        let outcome: proto::Outcome = proto::Message::decode(entries.last().unwrap().payload.clone()).unwrap();
        if outcome.seen_sequence >= last {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "never compared\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Somebody moves the line to another code of the same rate just before the document is released.
#[tokio::test]
async fn vat_that_was_moved_to_another_code_is_told_once_listed_and_not_released() {
    let mut house = House::prepare(quick().set("VISMA__DOCUMENTS__RELEASE_INVOICES", "true")).await;
    let errand = json!({ "entity": "invoice", "before_put": { "first": 1 }, "body": line("vatCodeId", "DK25") });
    house.installation.tell("visma/accountant", &errand).await.unwrap();
    house.installation.start_services().unwrap();
    house.store(&spoilt(7, &[])).await;
    let sentence = house.until_dead("VAT_DIFFERS_IN_VISMA", PATIENCE).await;
    let number = until_outcome(&house, RECORD, "unchanged").await.number;
    for words in ["WEB-000000007", number.as_str(), "VAT code 3 has 0", "VAT code DK25 has 200", "with VAT 50"] {
        assert!(sentence.contains(words), "{words} is not in: {sentence}");
    }
    assert_eq!(drifts(&house).await, ["VAT_DIFFERS_IN_VISMA"]);
    // Saved again for another reason: it differs as before, and nobody is told once more.
    edit(&house, &number, json!({ "invoiceText": { "value": "ring kunden" } })).await;
    until_compared(&house, &number, 3).await;
    let letters = house.dead_letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert!(house.figure("writer-visma", "ml_drift_total", "vat").await > 0.5);
    assert_eq!(until_outcome(&house, RECORD, "unchanged").await.status, "Hold", "it is not released");
    edit(&house, &number, line("vatCodeId", "3")).await;
    until_drifts(&house, &[]).await;
    house.until("a release", PATIENCE, |ledger| ledger["documents"][0]["invoices"][0]["status"] == json!("Open")).await;
}

#[tokio::test]
async fn account_customer_and_date_are_told_each_by_its_code() {
    let house = House::start(quick()).await;
    let number = booked(&house, &spoilt(7, &[])).await;
    house.installation.tell("visma/customers", &json!({ "count": 1 })).await.unwrap();
    edit(&house, &number, line("accountNumber", "3100")).await;
    let sentence = house.until_dead("ACCOUNT_DIFFERS", PATIENCE).await;
    assert!(sentence.contains("account 3000 has 0, and 200.00 was booked"), "{sentence}");
    edit(&house, &number, line("accountNumber", "3000")).await;
    edit(&house, &number, json!({ "customerNumber": { "value": "10001" } })).await;
    let sentence = house.until_dead("CUSTOMER_DIFFERS", PATIENCE).await;
    assert!(sentence.contains("10001") && sentence.contains("10000"), "{sentence}");
    until_drifts(&house, &["CUSTOMER_DIFFERS"]).await;
    edit(&house, &number, json!({ "documentDate": { "value": "2026-01-05" } })).await;
    let sentence = house.until_dead("DATE_DIFFERS", PATIENCE).await;
    assert!(sentence.contains("2026-01-05") || sentence.contains("10001"), "{sentence}");
    until_drifts(&house, &["CUSTOMER_DIFFERS", "DATE_DIFFERS"]).await;
}

/// The shop charged 50.01 where Visma computes 50.00.
pub(super) fn off_by_a_cent() -> Value {
    let changes = [
        ("/items/0/tax_amount", json!(50.01)),
        ("/items/0/row_total_incl_tax", json!(250.01)),
        ("/subtotal_incl_tax", json!(250.01)),
        ("/tax_amount", json!(50.01)),
        ("/grand_total", json!(250.01)),
    ];
    spoilt(7, &changes)
}

#[tokio::test]
async fn pins_that_visma_does_not_keep_are_told_as_what_they_are() {
    let ignored = json!({ "tax_detail_lines": "ignored" }).to_string();
    let house = House::start(quick().sandbox("--visma-config", &ignored)).await;
    house.store(&off_by_a_cent()).await;
    let sentence = house.until_dead("PINS_NOT_KEPT", PATIENCE).await;
    for words in ["50.01", "50.00", "250.01", "250.00"] {
        assert!(sentence.contains(words), "{words} is not in: {sentence}");
    }
    let (code, list, _) = house.verb(&["drift"], &[]).await;
    assert!(code == Some(1) && list.contains("does not keep VAT that is pinned"), "{list}");
    assert_eq!(house.figure("writer-visma", "ml_pins_total", "kept=\"false\"").await, 1.0);
}

#[tokio::test]
async fn pins_that_visma_keeps_are_proven_by_the_first_document_that_can() {
    let house = House::start(quick()).await;
    booked(&house, &off_by_a_cent()).await;
    let (code, list, _) = house.verb(&["drift"], &[]).await;
    assert!(code == Some(0) && list.contains("Visma keeps VAT that is pinned"), "{list}");
    assert_eq!(house.figure("writer-visma", "ml_pins_total", "kept=\"true\"").await, 1.0);
}

/// Magento offers a guest an account on the page after the order; no amount changes by it.
#[tokio::test]
async fn a_guest_who_makes_an_account_after_the_order_is_no_news() {
    let house = House::start(quick()).await;
    let guest = spoilt(7, &[]);
    booked(&house, &guest).await;
    let mut account = guest.clone();
    account["customer_id"] = json!(4);
    account["customer_is_guest"] = json!(0);
    account["updated_at"] = json!("2026-12-31 10:00:00");
    house.store(&account).await;
    let commands = until_entries(&house, "COMMANDS", "command.main.visma.invoice.7", 2).await;
    let last = commands.last().unwrap().sequence;
    let started = Instant::now();
    while until_outcome(&house, RECORD, "unchanged").await.command_sequence < last {
        assert!(started.elapsed() < PATIENCE, "never settled\n{}", house.logs());
    }
    assert_eq!(house.dead_letters().await, []);
    assert_eq!(drifts(&house).await, [""; 0]);
}

/// Money that changes is told once, however often the order is saved after that.
#[tokio::test]
async fn an_order_that_changed_after_booking_is_one_letter() {
    let house = House::start(quick()).await;
    booked(&house, &spoilt(7, &[])).await;
    let mut more = off_by_a_cent();
    house.store(&more).await;
    let sentence = house.until_dead("CHANGED_AFTER_BOOKING", PATIENCE).await;
    assert!(sentence.contains("250.00 NOK") && sentence.contains("250.01 NOK"), "{sentence}");
    for minute in 1..3 {
        more["status"] = json!(format!("looked-at-{minute}"));
        more["updated_at"] = json!(format!("2026-12-31 10:0{minute}:00"));
        house.store(&more).await;
        let commands = until_entries(&house, "COMMANDS", "command.main.visma.invoice.7", 2 + minute).await;
        let last = commands.last().unwrap().sequence;
        let started = Instant::now();
        while until_outcome(&house, RECORD, "unchanged").await.command_sequence < last {
            assert!(started.elapsed() < PATIENCE, "never settled\n{}", house.logs());
        }
    }
    assert_eq!(house.dead_letters().await.len(), 1, "{:?}", house.dead_letters().await);
}

/// The default mapping file with some other lines.
pub(super) fn mapping(changes: &[(&str, &str)]) -> Option<String> {
    let mut text = mapping::DEFAULT.to_owned();
    for (before, after) in changes {
        assert!(text.contains(before), "{before}");
        text = text.replacen(before, after, 1);
    }
    Some(text)
}

/// An installation whose March and April are closed, and that posts their documents in the next open period.
async fn with_closed_periods(wishes: Wishes) -> House {
    let next_open = mapping(&[("closed_period = \"refuse\"", "closed_period = \"next_open\"")]);
    let house = House::prepare(Wishes { mapping: next_open, ..wishes }).await;
    for period in ["202603", "202604"] {
        let closed = json!({ "period": period, "closed": true });
        house.installation.tell("visma/periods", &closed).await.unwrap();
    }
    house
}

/// An order of March.
fn of_march() -> Value {
    spoilt(7, &[("/created_at", json!("2026-03-15 12:00:00"))])
}

#[tokio::test]
async fn a_closed_period_is_passed_over_where_the_mapping_file_says_so() {
    let mut house = with_closed_periods(quick()).await;
    house.installation.start_services().unwrap();
    let number = booked(&house, &of_march()).await;
    let outcome = until_outcome(&house, RECORD, "verified").await;
    let sent = outcome.booked.unwrap();
    assert_eq!((sent.date.as_str(), sent.financial_period.as_str()), ("2026-03-15", "202605"));
    let changes = until_entries(&house, "CHANGES", &format!("change.main.visma.invoice.{number}"), 1).await;
    let read: Value = serde_json::from_slice(&changes[0].payload).unwrap();
    assert_eq!((&read["financialPeriod"], &read["documentDate"]), (&json!("202605"), &json!("2026-03-15T00:00:00")));
    house.until_booked(1, PATIENCE).await;
    assert_eq!(house.dead_letters().await, []);
}

/// The writer is killed before and after Visma has made the document in the other period.
#[tokio::test]
async fn a_document_of_a_closed_period_is_booked_once_whatever_is_killed() {
    for point in ["received", "after_commit"] {
        let wishes = quick()
            .set("NATS__ACK_WAIT", "2s")
            .set("VISMA__CREATE__SEND_WITHIN", "1s")
            .set("VISMA__CREATE__DOUBT_WAIT", "8s");
        let mut house = with_closed_periods(wishes).await;
        let on = json!({ "system": "visma", "method": "POST", "path": "/v2/customerinvoice", "nth": 2 });
        let hold = Hold::arm(&house, &json!({ "point": point, "on": on })).await;
        house.installation.start_services().unwrap();
        house.store(&of_march()).await;
        hold.reached().await;
        house.installation.take_service("writer-visma").unwrap().kill();
        hold.end("release").await;
        house.installation.start_service("writer-visma").unwrap();
        let outcome = until_outcome(&house, RECORD, "verified").await;
        house.until_booked(1, PATIENCE).await;
        assert_eq!(outcome.booked.unwrap().date, "2026-03-15");
        assert_eq!(house.dead_letters().await, []);
    }
}

#[tokio::test]
async fn goods_to_another_country_are_booked_in_the_zone_of_the_delivery() {
    let zones = "\n[[vat_zone]]\nwhen = { country = \"NO\" }\nzone = \"01\"\n\n[[vat_zone]]\nzone = \"02\"\n";
    let zones = format!("{}{zones}", mapping::DEFAULT);
    let strict = json!({ "vat_zone_check": true }).to_string();
    let wishes = Wishes { mapping: Some(zones), ..quick().sandbox("--visma-config", &strict) };
    let house = House::start(wishes).await;
    booked(&house, &spoilt(7, &[])).await;
    // The same buyer, whose zone is the domestic one, has the next order sent abroad.
    let abroad = [("/customer_email", json!("gjest.7@example.no")), ("/billing_address/country_id", json!("SE"))];
    let mut abroad = spoilt(8, &abroad);
    if let Some(address) = abroad.pointer_mut("/extension_attributes/shipping_assignments/0/shipping/address") {
        address["country_id"] = json!("SE");
    }
    house.store(&abroad).await;
    house.until_booked(2, PATIENCE).await;
    assert_eq!(house.dead_letters().await, []);
}
