//! Material for several tests: recorded orders, and mapping files that differ from the default in one place.

use std::fs;
use std::path::PathBuf;

use commerce::order::Order;
use mapping::{Booking, DEFAULT, Decision, Mapping, Meaning, Refusal, Scope, States};
use proptest::test_runner::Config;
use serde_json::{Value, json};

/// Values of `pin_vat` that a mapping file may have: the VAT that is set on documents.
pub(crate) const PINS: [&str; 3] = ["true", "false", "\"try\""];

/// The recorded orders by name, as Commerce sent them.
pub(crate) fn recorded() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/orders");
    let mut orders: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect();
    orders.sort();
    assert!(orders.len() > 20, "the recorded orders are missing");
    orders
}

/// One recorded order as JSON.
pub(crate) fn recorded_order(name: &str) -> Value {
    let (_, text) = recorded().into_iter().find(|(known, _)| known == name).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A small order with round amounts, for tests that change one thing: 2 × 100 at 25 %, 100 at 15 %, shipping 40 at
/// 25 %, by a guest in Norway.
pub(crate) fn small_order() -> Value {
    let tax = |kind: &str, item: Option<u64>, percent: u32, amount: u32| {
        json!({ "type": kind, "item_id": item,
            "applied_taxes": [{ "code": format!("NO-MVA-{percent}"), "percent": percent, "amount": amount }] })
    };
    let item = |id: u64, sku: &str, quantity: u32, percent: u32| {
        json!({ "item_id": id, "product_type": "simple", "sku": sku, "name": "Product", "qty_ordered": quantity,
            "price": 100, "row_total": 100 * quantity, "discount_amount": 0, "tax_percent": percent,
            "tax_amount": quantity * percent })
    };
    json!({
        "entity_id": 1042, "increment_id": "000001042", "store_id": 1, "state": "new", "status": "pending",
        "created_at": "2026-01-31 08:00:11", "updated_at": "2026-01-31 08:04:55",
        "customer_is_guest": 1, "customer_group_id": 0, "customer_email": "kari@example.no",
        "order_currency_code": "NOK", "base_currency_code": "NOK", "base_to_order_rate": 1,
        "subtotal": 300, "discount_amount": 0, "shipping_amount": 40, "shipping_tax_amount": 10, "tax_amount": 75,
        "grand_total": 415, "base_grand_total": 415, "shipping_description": "Posten",
        "billing_address": { "firstname": "Kari", "lastname": "Nordmann", "street": ["Storgata 1"],
            "postcode": "0155", "city": "Oslo", "country_id": "NO", "telephone": "+47 99999999" },
        "payment": { "method": "checkmo" },
        "items": [item(1, "A", 2, 25), item(2, "B", 1, 15)],
        "extension_attributes": {
            "item_applied_taxes": [tax("product", Some(1), 25, 50), tax("product", Some(2), 15, 15),
                tax("shipping", None, 25, 10)],
        },
    })
}

pub(crate) fn decode(order: &Value) -> Order {
    Order::decode(order.to_string().as_bytes()).unwrap()
}

pub(crate) fn default_mapping() -> Mapping {
    Mapping::parse(DEFAULT).unwrap()
}

/// The default mapping file with some pieces of text replaced; each must be there.
pub(crate) fn changed(replacements: &[(&str, &str)]) -> Mapping {
    let text = changed_text(replacements);
    Mapping::parse(&text).unwrap_or_else(|problems| panic!("{problems}"))
}

pub(crate) fn changed_text(replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(DEFAULT.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "`{from}` is not in the default mapping file");
        text.replace(from, to)
    })
}

/// A scope that looks at nothing, so that only the money decides.
pub(crate) fn every_order() -> Scope {
    let book = Meaning::Book;
    let states = States {
        new: book,
        pending_payment: book,
        processing: book,
        complete: book,
        closed: book,
        canceled: book,
        holded: book,
        payment_review: book,
        other: std::collections::BTreeMap::new(),
    };
    Scope { states, ..Scope::default() }
}

/// The booking of an order that is in scope.
pub(crate) fn book(order: &Value, mapping: &Mapping) -> Result<Booking, Refusal> {
    match mapping::order(&decode(order), mapping, &every_order())? {
        Decision::Book(booking) => Ok(*booking),
        other => panic!("neither booked nor refused: {other:?}"),
    }
}

/// A recorded order with its invoices and credit memos.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) name: String,
    pub(crate) order: Value,
    pub(crate) invoices: Vec<Value>,
    pub(crate) credit_memos: Vec<Value>,
}

/// The recorded documents by name, as Commerce sent them.
pub(crate) fn recorded_documents() -> Vec<Recorded> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/documents");
    let read = |path: PathBuf| {
        let mut all: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let mut list = |key: &str| all[key].as_array_mut().map(std::mem::take).unwrap();
        let (invoices, credit_memos) = (list("invoices"), list("credit_memos"));
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Recorded { name, order: all["order"].take(), invoices, credit_memos }
    };
    let mut documents: Vec<Recorded> = fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap().path())).collect();
    documents.sort_by(|left, right| left.name.cmp(&right.name));
    assert!(documents.len() > 15, "the recorded documents are missing");
    documents
}

/// The recorded documents of one order.
pub(crate) fn recorded_case(name: &str) -> Recorded {
    recorded_documents().into_iter().find(|case| case.name == name).unwrap()
}

/// The small order's invoice: all of it.
pub(crate) fn small_invoice() -> Value {
    json!({
        "entity_id": 877, "increment_id": "000000012", "order_id": 1042, "store_id": 1, "state": 2,
        "created_at": "2026-02-01 09:00:00", "updated_at": "2026-02-01 09:00:00",
        "order_currency_code": "NOK", "base_currency_code": "NOK", "base_to_order_rate": 1,
        "subtotal": 300, "discount_amount": 0, "shipping_amount": 40, "shipping_tax_amount": 10, "tax_amount": 75,
        "grand_total": 415, "base_grand_total": 415, "items": small_lines(),
    })
}

/// The small order's credit memo: all of it.
pub(crate) fn small_memo() -> Value {
    let mut memo = small_invoice();
    for (key, value) in [
        ("entity_id", json!(9)),
        ("increment_id", json!("000000009")),
        ("created_at", json!("2026-02-03 10:00:00")),
        ("adjustment_positive", json!(0)),
        ("adjustment_negative", json!(0)),
    ] {
        memo[key] = value;
    }
    memo
}

fn small_lines() -> Value {
    json!([
        { "order_item_id": 1, "sku": "A", "name": "Product", "qty": 2, "price": 100, "row_total": 200,
            "tax_amount": 50 },
        { "order_item_id": 2, "sku": "B", "name": "Product", "qty": 1, "price": 100, "row_total": 100,
            "tax_amount": 15 },
    ])
}

pub(crate) fn decode_invoice(invoice: &Value) -> commerce::invoice::Invoice {
    commerce::invoice::Invoice::decode(invoice.to_string().as_bytes()).unwrap()
}

pub(crate) fn decode_memo(memo: &Value) -> commerce::creditmemo::CreditMemo {
    commerce::creditmemo::CreditMemo::decode(memo.to_string().as_bytes()).unwrap()
}

/// The scope in which invoices are booked.
pub(crate) fn by_invoices() -> Scope {
    Scope { trigger: mapping::Trigger::Invoiced, ..every_order() }
}

/// The booking of an invoice, where invoices are booked.
pub(crate) fn book_invoice(invoice: &Value, order: &Value, mapping: &Mapping) -> Result<Booking, Refusal> {
    match mapping::invoice(&decode_invoice(invoice), &decode(order), mapping, &by_invoices())? {
        Decision::Book(booked) => match *booked {
            mapping::Invoiced::Booking(booking) => Ok(*booking),
            other => panic!("no booking: {other:?}"),
        },
        other => panic!("neither booked nor refused: {other:?}"),
    }
}

/// The booking of a credit memo.
pub(crate) fn credit(memo: &Value, order: &Value, mapping: &Mapping) -> Result<mapping::Refund, Refusal> {
    match mapping::credit_memo(&decode_memo(memo), &decode(order), mapping, &every_order())? {
        Decision::Book(refund) => Ok(*refund),
        other => panic!("neither booked nor refused: {other:?}"),
    }
}

/// Visma's document as a page to read.
pub(crate) fn page(command: &mapping::InvoiceCommand) -> String {
    use std::fmt::Write as _;
    let (mut page, invoice) = (String::new(), &command.invoice);
    writeln!(
        page,
        "{} (record {}) of {} in {}, hold {}, text {:?}, note {:?}, buyer's reference {:?}\n",
        command.reference,
        command.key,
        invoice.document_date,
        invoice.currency,
        invoice.hold,
        invoice.text,
        invoice.note,
        invoice.customer_reference
    )
    .unwrap();
    writeln!(page, "{:>9} {:>11} {:>11}  account vat   description", "quantity", "price", "amount").unwrap();
    for line in &invoice.lines {
        let (quantity, price, amount) =
            (line.quantity.to_string(), line.unit_price.to_string(), line.amount.to_string());
        let (account, vat) = (&line.account, &line.vat_code);
        writeln!(page, "{quantity:>9} {price:>11} {amount:>11}  {account:<7} {vat:<5} {}", line.description).unwrap();
    }
    page.push('\n');
    for vat in &command.predicted.vat {
        writeln!(page, "VAT {:<5} {:>10} on {:>10}", vat.code, vat.vat.to_string(), vat.taxable.to_string()).unwrap();
    }
    writeln!(page, "total {}; rounding {}", command.predicted.total, command.predicted.rounding).unwrap();
    page
}

/// So many draws, or as many as `PROPTEST_CASES` says.
pub(crate) fn draws(cases: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").is_ok();
    let usual = Config { failure_persistence: None, ..Config::default() };
    if asked { usual } else { Config { cases, ..usual } }
}
