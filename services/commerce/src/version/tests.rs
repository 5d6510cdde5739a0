use serde_json::Value;

use super::content;
use crate::fixtures::{ALL, COMMENTS, EXPONENT};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn of(text: &str) -> String {
    String::from_utf8(content(&parse(text))).expect("UTF-8")
}

#[test]
fn spelling_and_order_of_keys_are_no_content() {
    let one = of(r#"{"b": 100, "a": {"y": [1, 2.50], "x": null}, "c": "100"}"#);
    assert_eq!(one, r#"{"a":{"y":[1,25e-1]},"b":1e2,"c":"100"}"#);
    for other in [
        r#"{"c":"100","a":{"y":[1.0,2.5]},"b":100.0000}"#,
        r#"{"a":{"y":[1e0,25E-1],"z":null},"b":1E2,"c":"\u0031\u0030\u0030","d":null}"#,
    ] {
        assert_eq!(of(other), one, "{other}");
    }
}

#[test]
fn what_moves_by_itself_is_no_content() {
    let mut order = parse(COMMENTS);
    let before = content(&order);
    order["updated_at"] = "2030-01-01 00:00:00".into();
    order["items"][0]["updated_at"] = "2030-01-01 00:00:00".into();
    order["extension_attributes"]["shipping_assignments"][0]["items"][0]["updated_at"] = "2030-01-01 00:00:00".into();
    order["status_histories"] = Value::Array(Vec::new());
    order["email_sent"] = 1.into();
    assert_eq!(content(&order), before);
}

#[test]
fn everything_else_is_content() {
    let order = parse(COMMENTS);
    let before = content(&order);
    for (pointer, value) in [
        ("/state", Value::from("processing")),
        ("/grand_total", parse("237.86")),
        ("/total_paid", parse("237.85")),
        ("/created_at", Value::from("2026-11-22 11:41:30")),
        ("/items/0/qty_invoiced", parse("1")),
        ("/items/0/sku", Value::from("S25-34")),
        ("/billing_address/vat_id", Value::from("NO1")),
        ("/billing_address/street/0", Value::from("Storgata 2")),
        ("/extension_attributes/shipping_assignments/0/shipping/method", Value::from("freeshipping")),
        // Only the order's own histories are left out.
        ("/payment/email_sent", parse("1")),
    ] {
        let mut other = order.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        match other.pointer_mut(parent).expect("a parent") {
            Value::Array(list) => list[name.parse::<usize>().expect("an index")] = value,
            object => object[name] = value,
        }
        assert_ne!(content(&other), before, "{pointer}");
    }
}

#[test]
fn items_stay_in_their_order_and_numbers_are_not_texts() {
    assert_ne!(of("[1,2]"), of("[2,1]"));
    assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":"1"}"#));
    assert_ne!(of(r#"{"a":[null]}"#), of(r#"{"a":[]}"#));
    assert_ne!(of(r#"{"a":1.7763568394003e-15}"#), of(r#"{"a":0}"#));
}

#[test]
fn content_is_json_and_its_own_content() {
    for (name, text) in ALL {
        let once = of(text);
        assert_eq!(of(&once), once, "{name}");
    }
    assert!(of(EXPONENT).contains("e-"));
}

#[test]
fn a_list_and_a_single_read_give_the_same() {
    for (name, text) in ALL {
        let page = crate::page::OrdersPage::decode(format!("{{\"items\":[{text}],\"total_count\":1}}").as_bytes());
        assert_eq!(content(&parse(&page.expect(name).items[0].text)), content(&parse(text)), "{name}");
    }
}
