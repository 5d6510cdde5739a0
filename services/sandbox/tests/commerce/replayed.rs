//! The arithmetic of invoices and credit memos, held against a real shop's: recorded orders are taken back to the
//! moment they were placed, what was done to them is done again, and what comes out is compared with the record.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rust_decimal::{Decimal, RoundingStrategy};
use sandbox::commerce::{Config, Shop};
use serde_json::{Map, Value, json};

use crate::client::{Served, serve_shop};

/// Documents by the order that they belong to.
type ByOrder = BTreeMap<u64, Vec<Value>>;

fn recorded(name: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus");
    let text = fs::read_to_string(folder.join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn by_order(documents: Vec<Value>) -> ByOrder {
    let mut sorted = ByOrder::new();
    for document in documents {
        sorted.entry(document["order_id"].as_u64().unwrap()).or_default().push(document);
    }
    sorted
}

/// Columns that only an invoice, a refund, a cancellation or a hold brings.
fn comes_later(name: &str) -> bool {
    let later = ["_invoiced", "_refunded", "_canceled", "_captured", "_paid", "_invoiced_cost"];
    later.iter().any(|end| name.ends_with(end)) || name.contains("adjustment_") || name.starts_with("hold_before")
}

fn stripped(item: &mut Map<String, Value>) {
    item.retain(|name, _| !name.ends_with("_canceled") && !name.ends_with("_refunded") && !comes_later(name));
    for name in ["invoiced", "refunded", "canceled", "shipped"] {
        item.insert(format!("qty_{name}"), json!(0));
    }
    for name in ["amount_refunded", "discount_invoiced", "row_invoiced", "tax_invoiced"] {
        item.insert(name.to_owned(), json!(0));
        item.insert(format!("base_{name}"), json!(0));
    }
    if let Some(Value::Object(parent)) = item.get_mut("parent_item") {
        stripped(parent);
    }
}

/// The order as it was placed.
fn placed(order: &Value) -> Value {
    let mut order = order.clone();
    let top = order.as_object_mut().unwrap();
    top.retain(|name, _| !comes_later(name));
    for name in ["", "base_"] {
        let total: Decimal = top[&format!("{name}grand_total")].to_string().parse().unwrap();
        let due = total.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize();
        top.insert(format!("{name}total_due"), serde_json::from_str(&due.to_string()).unwrap());
    }
    top.insert("state".to_owned(), json!("new"));
    top.insert("status".to_owned(), json!("pending"));
    top["status_histories"] = json!([]);
    top["payment"].as_object_mut().unwrap().retain(|name, _| !comes_later(name));
    top["items"].as_array_mut().unwrap().iter_mut().for_each(|item| stripped(item.as_object_mut().unwrap()));
    order
}

/// The quantities of a document, as a body asks for them.
fn quantities(document: &Value) -> Value {
    let items = document["items"].as_array().unwrap();
    let money = items.iter().filter(|item| item.get("row_total").is_some());
    money.map(|item| json!({ "order_item_id": item["order_item_id"], "qty": item["qty"] })).collect()
}

/// Body that the refund was asked for with, as far as the memo tells.
fn refund_body(memo: &Value, order: &Value) -> Value {
    let mut arguments = json!({});
    if memo.get("adjustment_positive").is_some() {
        for name in ["adjustment_positive", "adjustment_negative"] {
            arguments[name] = memo[format!("base_{name}")].clone();
        }
        // Shipping that was not asked for is refunded whole.
        if memo["base_shipping_amount"] != order["base_shipping_amount"] {
            arguments["shipping_amount"] = memo["base_shipping_amount"].clone();
        }
    }
    json!({ "items": quantities(memo), "arguments": arguments })
}

/// The members that differ, and how; ids, numbers and times are the shop's own.
fn differences(path: &str, ours: &Value, theirs: &Value, into: &mut Vec<String>) {
    const OWN: [&str; 8] = [
        "entity_id",
        "increment_id",
        "parent_id",
        "created_at",
        "updated_at",
        "status_histories",
        "protect_code",
        "item_id",
    ];
    match (ours, theirs) {
        (Value::Object(left), Value::Object(right)) => {
            let names: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names.into_iter().filter(|name| !OWN.contains(&name.as_str())) {
                let empty = Value::Null;
                let (one, other) = (left.get(name).unwrap_or(&empty), right.get(name).unwrap_or(&empty));
                differences(&format!("{path}.{name}"), one, other, into);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (one, other) in left.iter().zip(right) {
                differences(path, one, other, into);
            }
        }
        (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => {}
        (one, other) if one == other => {}
        (one, other) => into.push(format!("{path}: {one} instead of {other}")),
    }
}

async fn replay(shop: &Served, order: &Value, invoices: &[Value], memos: &[Value]) -> Vec<String> {
    let id = order["entity_id"].as_u64().unwrap();
    let mut differing = Vec::new();
    for invoice in invoices {
        let body = json!({ "items": quantities(invoice) }).to_string();
        let made = shop.control(&format!("commerce/orders/{id}/invoice"), &body).await;
        if made.status != 200 {
            differing.push(format!("refused: {} {body}", made.text));
            continue;
        }
        let ours = shop.get(&format!("invoices/{}", made.json["entity_id"])).await.json;
        differences("invoice", &ours, invoice, &mut differing);
    }
    for memo in memos {
        let body = refund_body(memo, order).to_string();
        let made = shop.control(&format!("commerce/orders/{id}/creditmemo"), &body).await;
        if made.status != 200 {
            differing.push(format!("refused: {} {body}", made.text));
            continue;
        }
        let ours = shop.get(&format!("creditmemo/{}", made.json["entity_id"])).await.json;
        differences("memo", &ours, memo, &mut differing);
    }
    if order.get("total_canceled").is_some() {
        shop.control(&format!("commerce/orders/{id}/cancel"), "").await;
    }
    if order["state"] == "holded" {
        shop.control(&format!("commerce/orders/{id}/hold"), "").await;
    }
    differences("order", &shop.get(&format!("orders/{id}")).await.json, order, &mut differing);
    differing
}

#[tokio::test]
async fn what_was_done_to_recorded_orders_comes_out_the_same() {
    let (orders, invoices, memos) =
        (recorded("orders.jsonl"), by_order(recorded("invoices.jsonl")), by_order(recorded("creditmemos.jsonl")));
    let folder = std::env::temp_dir().join(format!("sandbox-placed-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let lines: Vec<String> = orders.iter().map(|order| placed(order).to_string()).collect();
    fs::write(folder.join("orders.jsonl"), lines.join("\n")).unwrap();
    let shop = serve_shop(Shop::open(Config::default(), 1, 0, Some(&folder)).unwrap()).await;
    fs::remove_dir_all(&folder).unwrap();
    let none = Vec::new();
    let mut differing = Vec::new();
    for order in &orders {
        let id = order["entity_id"].as_u64().unwrap();
        let (invoices, memos) = (invoices.get(&id).unwrap_or(&none), memos.get(&id).unwrap_or(&none));
        for one in replay(&shop, order, invoices, memos).await {
            differing.push(format!("{id} {one}"));
        }
    }
    assert_eq!(differing, [""; 0]);
}
