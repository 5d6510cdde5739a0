//! Tests of habits that modules, countries and versions give a shop: fees under names of their own, rounded totals,
//! fixed product tax on the chosen variant, credit that documents hide, other amounts captured. Each order is booked to
//! the øre, and so are its credit memos and cancellations.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::balance::live;
use super::paid::settling;
use super::{PATIENCE, act, orders, wishes};
use crate::house::{House, Wishes, assert_agrees};

/// Lives of orders, given to them in turn; each is a list of steps.
const WHOLE: [&[&str]; 4] =
    [&["invoice all", "creditmemo part"], &["invoice all", "creditmemo all"], &["cancel"], &["invoice all"]];
const PARTS: [&[&str]; 3] = [
    &["invoice part", "invoice all", "creditmemo part", "creditmemo all"],
    &["invoice part", "creditmemo all", "cancel"],
    &["invoice part", "cancel"],
];

/// An installation of a shop with these habits.
async fn with(habits: &Value, wishes: Wishes) -> House {
    let house = House::start(wishes).await;
    house.installation.tell_shop("commerce/config", &json!({ "habits": habits })).await.unwrap();
    house
}

/// Places orders and lives their lives; returns the ledger when every account balances, as it must in the end.
async fn lived(house: &House, by_invoices: bool, lives: &[&[&str]]) -> Value {
    let count = 4 * lives.len();
    house.place(count, count).await;
    if !by_invoices {
        house.until_booked(count as u64, PATIENCE).await;
    }
    for (at, order) in orders(house).await.into_iter().enumerate() {
        live(house, order, lives[at % lives.len()]).await;
    }
    let shop = house.ledger().await;
    let wanted = |list: &str| shop[list]["documents"]["count"].clone();
    let (invoices, memos) = (wanted("commerce_invoices"), wanted("credit_memos"));
    assert!(memos.as_u64() > Some(1), "{memos} credit memos prove little");
    let ledger = house
        .until("every document is booked and every account balances", PATIENCE, |ledger| {
            ledger["unbalanced"] == json!([])
                && ledger["credit_memos"]["matched"] == memos
                && (!by_invoices || ledger["commerce_invoices"]["matched"] == invoices)
        })
        .await;
    assert_agrees(&ledger);
    for list in ["credit_memos", "commerce_invoices"] {
        assert_eq!(ledger[list]["totals_differ"], json!([]), "{ledger:#}");
    }
    assert_eq!(ledger["unexpected_credit_notes"], json!([]), "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
    ledger
}

/// Where orders are booked, and where their invoices are. `limit` is how much may be booked as rounding.
async fn by_both(habits: &Value, limit: &str, lives: &[&[&str]]) {
    for trigger in ["placed", "invoiced"] {
        let house = with(habits, booking(trigger, limit)).await;
        lived(&house, trigger == "invoiced", lives).await;
    }
}

fn booking(trigger: &str, limit: &str) -> Wishes {
    let mapping = mapping::DEFAULT.replace("\nrounding_limit = 0.50", &format!("\nrounding_limit = {limit}"));
    Wishes { mapping: Some(mapping), ..wishes().set("SCOPE__TRIGGER", trigger) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fee_of_a_module_that_takes_it_once_is_booked_with_its_tax() {
    let fee = json!({ "field": "qliroone_fee", "ore": 2320, "tax_field": "qliroone_fee_tax", "includes_tax": true });
    by_both(&json!({ "fee": fee }), "0.50", &[&WHOLE[..], &PARTS[..1]].concat()).await;
}

/// Mollie's stands on every invoice, its tax on the last one, and the last credit memo gives both back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fee_of_a_module_that_takes_it_with_every_invoice_is_booked_too() {
    let mollie = json!({ "field": "mollie_payment_fee", "ore": 265, "as_mollie": true, "on_every_invoice": true });
    let mut taxed = mollie.clone();
    taxed["tax_field"] = json!("mollie_payment_fee_tax");
    let taxed = json!({ "fee": taxed });
    by_both(&taxed, "0.50", &WHOLE).await;
    let house = with(&taxed, booking("placed", "0.50")).await;
    lived(&house, false, &PARTS[..1]).await;
    drop(house);
    // Of several invoices all but the last take the fee without its tax: that is for a person to look at.
    let house = with(&taxed, booking("invoiced", "0.50")).await;
    house.place(4, 4).await;
    for order in orders(&house).await {
        live(&house, order, &["invoice part", "invoice all"]).await;
    }
    let sentence = house.until_dead("TAX_DOES_NOT_ADD_UP", PATIENCE).await;
    assert!(sentence.contains("but it shows"), "{sentence}");
    drop(house);
    let nets = json!({ "field": "dibs_invoice_fee", "ore": 1900, "on_every_invoice": true, "on_every_memo": true });
    by_both(&json!({ "fee": nets }), "0.50", &WHOLE[1..]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_that_a_shop_rounds_are_booked_as_they_are() {
    by_both(&json!({ "round_to_ore": 100 }), "1.50", &[&WHOLE[..], &PARTS[..]].concat()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn product_tax_of_the_chosen_variant_with_entries_that_are_repeated_is_booked_once() {
    let tax = json!({ "ore": 1500, "taxed": true, "on_variant": true, "doubled": true });
    by_both(&json!({ "product_tax": tax }), "0.50", &[&WHOLE[..], &PARTS[..]].concat()).await;
}

/// The order has what the buyer paid; the shop's own documents say less.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn product_tax_that_invoices_leave_out_is_on_the_order_alone() {
    let tax = json!({ "ore": 1500, "on_variant": true, "leaves_variants_out": true });
    by_both(&json!({ "product_tax": tax }), "0.50", &WHOLE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credit_that_documents_hide_is_a_liability_on_them_all_the_same() {
    let hidden = |name: &str| json!({ name: 1000, "hides_credit": true });
    by_both(&hidden("store_credit_ore"), "0.50", &[&WHOLE[..], &PARTS[..]].concat()).await;
    by_both(&hidden("gift_card_ore"), "0.50", &WHOLE).await;
}

/// Another amount is captured than the invoice comes to: what was captured is what came in, and of more than the
/// invoice the rest stays on the customer's account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_captured_is_settled() {
    for trigger in ["placed", "invoiced"] {
        let house = with(&json!({ "custom_capture": true }), settling().set("SCOPE__TRIGGER", trigger)).await;
        house.place(3, 3).await;
        house.until("orders", PATIENCE, |ledger| ledger["orders"]["count"] == 3).await;
        let mut wanted = Vec::new();
        for (order, off) in orders(&house).await.into_iter().zip([-1, 0, 1]) {
            let shown = house.installation.ask_shop(&format!("orders/{order}")).await.unwrap();
            let total: Decimal = shown["grand_total"].to_string().parse().unwrap();
            let captured: Value = serde_json::from_str(&(total + Decimal::from(off)).to_string()).unwrap();
            let body = json!({ "arguments": { "extension_attributes": { "custom_capture_amount": captured } } });
            act(&house, order, "invoice", &body).await;
            wanted.push((total + Decimal::from(off), if off < 0 { "Open" } else { "Closed" }));
        }
        wanted.sort();
        let amounts = |ledger: &Value| {
            let payments = ledger["payments"].as_array().unwrap().iter();
            let mut amounts: Vec<Decimal> =
                payments.map(|payment| payment["amount"].as_str().unwrap().parse().unwrap()).collect();
            amounts.sort();
            amounts
        };
        let captured: Vec<Decimal> = wanted.iter().map(|(amount, _)| *amount).collect();
        house.until("what was captured is settled", PATIENCE, |ledger| amounts(ledger) == captured).await;
        if trigger == "placed" {
            let open = wanted.iter().filter(|(_, status)| *status == "Open").count();
            let is = |document: &&Value, status: &str| document["invoices"][0]["status"] == status;
            house
                .until("what was captured in full is closed", PATIENCE, |ledger| {
                    let documents = ledger["documents"].as_array().unwrap();
                    let count = |status| documents.iter().filter(|one| is(one, status)).count();
                    (count("Open"), count("Closed")) == (open, documents.len() - open)
                })
                .await;
        }
        assert_eq!(house.ledger().await["unbalanced"], json!([]));
        assert_eq!(house.dead_letters().await, []);
    }
}
