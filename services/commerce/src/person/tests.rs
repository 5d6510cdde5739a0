use serde_json::{Value, json};

use super::{person, personal_fields};
use crate::fixtures::{self, ALL};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The order with every personal text replaced.
fn sealed(order: &Value) -> Value {
    let mut sealed = order.clone();
    for pointer in personal_fields(order) {
        *sealed.pointer_mut(&pointer).expect("a pointer into the order") = Value::from("sealed");
    }
    sealed
}

#[test]
fn no_trace_of_the_person_is_left_in_real_orders() {
    let person_of = |order: &Value| -> Vec<String> {
        let mut texts =
            vec![order["customer_email"].clone(), order["remote_ip"].clone(), order["customer_taxvat"].clone()];
        let to = "/extension_attributes/shipping_assignments/0/shipping/address";
        for address in [order.get("billing_address"), order.pointer(to)].into_iter().flatten() {
            for field in ["firstname", "lastname", "email", "telephone", "postcode", "city", "company", "vat_id"] {
                texts.push(address[field].clone());
            }
            texts.extend(address["street"].as_array().expect("a street").iter().cloned());
        }
        texts.iter().filter_map(Value::as_str).map(|text| format!("\"{text}\"")).collect()
    };
    for (name, text) in ALL {
        let order = parse(text);
        let texts = person_of(&order);
        assert!(texts.len() >= 8, "{name}");
        let rest = sealed(&order).to_string();
        for text in texts {
            assert!(!rest.contains(&text), "{name}: {text} is still there");
        }
    }
}

#[test]
fn what_decides_the_books_stays_readable() {
    let order = parse(fixtures::GROUPED_COMPANY);
    let sealed = sealed(&order);
    for pointer in [
        "/increment_id",
        "/order_currency_code",
        "/store_name",
        "/state",
        "/customer_group_id",
        "/billing_address/country_id",
        "/billing_address/region_id",
        "/extension_attributes/shipping_assignments/0/shipping/address/country_id",
        "/extension_attributes/shipping_assignments/0/shipping/method",
        "/payment/method",
        "/items/0/sku",
        "/items/0/name",
        "/items/0/product_type",
        "/grand_total",
    ] {
        assert_eq!(sealed.pointer(pointer), order.pointer(pointer), "{pointer}");
    }
    assert_eq!(sealed["billing_address"]["company"], "sealed");
    assert_eq!(sealed["billing_address"]["vat_id"], "sealed");
}

#[test]
fn finds_texts_of_modules_gateways_and_buyers() {
    let order = json!({
        "customer_dob": "1980-01-01", "customer_note": "ring twice",
        "x_forwarded_for": "192.0.2.1", "protect_code": "7b0f",
        "payment": {
            "method": "checkmo", "po_number": "PO-4711", "cc_owner": "KARI", "cc_last4": null,
            "additional_information": ["Check", null, { "payer": { "mail": "kari@example.no" } }],
        },
        "status_histories": [{ "comment": "called Kari", "status": "pending", "entity_name": "order" }],
        "items": [{ "name": "Cup", "product_option": { "extension_attributes": {
            "custom_options": [{ "option_id": "5", "option_value": "To Kari" }],
            "giftcard_item_option": { "giftcard_amount": "100", "giftcard_recipient_name": "Ola" },
        }}}],
        "extension_attributes": {
            "gift_message": { "sender": "Kari", "recipient": "Ola", "message": "Hi" },
            "gift_cards": [{ "id": 1, "code": "GC123", "amount": 10 }],
            "payment_additional_info": [{ "key": "payer_email", "value": "kari@example.no" }],
            "company_order_attributes": { "company_id": 4, "company_name": "Nordmann AS" },
            "custom_attributes": [{ "attribute_code": "nickname", "value": "KN" }],
        },
        "odd~/name": { "email": "a@b.no" },
    });
    let mut found = personal_fields(&order);
    found.sort();
    assert_eq!(
        found,
        [
            "/customer_dob",
            "/customer_note",
            "/extension_attributes/company_order_attributes/company_name",
            "/extension_attributes/custom_attributes/0/value",
            "/extension_attributes/gift_cards/0/code",
            "/extension_attributes/gift_message/message",
            "/extension_attributes/gift_message/recipient",
            "/extension_attributes/gift_message/sender",
            "/extension_attributes/payment_additional_info/0/value",
            "/items/0/product_option/extension_attributes/custom_options/0/option_value",
            "/items/0/product_option/extension_attributes/giftcard_item_option/giftcard_amount",
            "/items/0/product_option/extension_attributes/giftcard_item_option/giftcard_recipient_name",
            "/odd~0~1name/email",
            "/payment/additional_information/0",
            "/payment/additional_information/2/payer/mail",
            "/payment/cc_owner",
            "/protect_code",
            "/status_histories/0/comment",
            "/x_forwarded_for",
        ]
    );
    // Each pointer leads to a text.
    assert!(found.iter().all(|pointer| order.pointer(pointer).is_some_and(Value::is_string)));
}

#[test]
fn a_person_is_a_normal_e_mail_address() {
    for (order, wanted) in [
        (json!({ "customer_email": " Kari@Example.NO " }), Some("kari@example.no")),
        (json!({ "customer_email": "", "billing_address": { "email": "B@x.no" } }), Some("b@x.no")),
        (json!({ "customer_email": null, "billing_address": { "email": "b@x.no" } }), Some("b@x.no")),
        (json!({ "billing_address": {} }), None),
        (json!([]), None),
    ] {
        assert_eq!(person(&order).as_deref(), wanted);
    }
    assert_eq!(person(&parse(fixtures::COMMENTS)).as_deref(), Some("kari.ex-row@example.no"));
}
