use pipeline::content::{Known, Rules, read};
use serde_json::{Value, json};

use super::{COMMERCE, VISMA_CUSTOMER, VISMA_DOCUMENT};

const ORDERS: [&str; 4] = [
    include_str!("../../../commerce/fixtures/comments.json"),
    include_str!("../../../commerce/fixtures/configurable.json"),
    include_str!("../../../commerce/fixtures/exponent.json"),
    include_str!("../../../commerce/fixtures/grouped_company.json"),
];
const MEMO: &str = include_str!("../../../commerce/fixtures/creditmemo_unrounded.json");
const CUSTOMER: &str = include_str!("../../../commerce/fixtures/customer_company.json");

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn known(record: &Value, rules: &Rules) -> Known {
    read(&record.to_string(), rules).unwrap()
}

fn content(record: &Value) -> String {
    known(record, &COMMERCE).content
}

/// The personal strings of a record, sorted.
fn personal(record: &Value, rules: &Rules) -> Vec<String> {
    let text = record.to_string();
    let mut found: Vec<_> = read(&text, rules).unwrap().personal.into_iter().map(|at| text[at].to_owned()).collect();
    found.sort();
    found
}

/// The record with every personal string replaced.
fn sealed(text: &str) -> Value {
    let (mut sealed, mut copied) = (String::new(), 0);
    for at in read(text, &COMMERCE).unwrap().personal {
        sealed.push_str(&text[copied..at.start]);
        sealed.push_str("sealed");
        copied = at.end;
    }
    parse(&(sealed + &text[copied..]))
}

#[test]
fn no_trace_of_the_person_is_left_in_real_orders() {
    for text in ORDERS {
        let order = parse(text);
        let mut texts =
            vec![order["customer_email"].clone(), order["remote_ip"].clone(), order["customer_taxvat"].clone()];
        let to = "/extension_attributes/shipping_assignments/0/shipping/address";
        for address in [order.get("billing_address"), order.pointer(to)].into_iter().flatten() {
            for field in ["firstname", "lastname", "email", "telephone", "postcode", "city", "company", "vat_id"] {
                texts.push(address[field].clone());
            }
            texts.extend(address["street"].as_array().unwrap().iter().cloned());
        }
        let rest = sealed(text).to_string();
        let texts: Vec<_> = texts.iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).collect();
        assert!(texts.len() >= 8);
        for text in texts {
            assert!(!rest.contains(&format!("\"{text}\"")), "{text} is still there");
        }
    }
}

#[test]
fn what_decides_the_books_stays_readable() {
    let (order, sealed) = (parse(ORDERS[3]), sealed(ORDERS[3]));
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
fn texts_of_modules_gateways_and_buyers_are_sealed_whatever_they_are_called() {
    let order = json!({
        "customer_dob": "01", "customer_note": "02", "x_forwarded_for": "03", "protect_code": "04",
        "payment": {
            "method": "checkmo", "po_number": "20", "cc_owner": "05", "cc_last4": null,
            "extension_attributes": { "payer": { "email": "21", "status": "22" } },
            "additional_information": ["06", null, { "payer": { "mail": "07" } }],
        },
        "status_histories": [{ "comment": "08", "status": "pending", "entity_name": "order" }],
        "items": [{ "name": "Cup", "product_option": { "extension_attributes": {
            "custom_options": [{ "option_id": "5", "option_value": "09" }],
            "giftcard_item_option": { "giftcard_amount": "10", "giftcard_recipient_name": "11" },
        }}}],
        "extension_attributes": {
            "gift_message": { "sender": "12", "recipient": "13", "message": "14" },
            "gift_cards": [{ "id": 1, "code": "15", "amount": 10 }],
            "payment_additional_info": [{ "key": "payer_email", "value": "16" }],
            "company_order_attributes": { "company_id": 4, "company_name": "17" },
            "custom_attributes": [{ "attribute_code": "nickname", "value": "18" }],
            "delivery_comment": "28", "door_code": "29",
        },
        "odd~/name": { "email": "19", "sku": "23" },
        "personal_number": "24", "delivery": { "comment": "25", "door": { "code": "26" } }, "order_comment": ["27"],
    });
    let wanted: Vec<String> = (1..=29).map(|number| format!("{number:02}")).collect();
    assert_eq!(personal(&order, &COMMERCE), wanted);
}

#[test]
fn a_customer_of_the_shop_is_personal_but_for_keys() {
    let mut customer = parse(CUSTOMER);
    customer["dob"] = json!("1980-01-01");
    customer["confirmation"] = json!("a1b2");
    customer["extension_attributes"] = json!({ "company_attributes": { "job_title": "CFO", "telephone": "22" } });
    customer["custom_attributes"] = json!([{ "attribute_code": "org_no", "value": "999888777" }]);
    assert_eq!(known(&customer, &COMMERCE).person.as_deref(), Some("firma.ex-total@example.no"));
    let rest = sealed(&customer.to_string());
    for pointer in [
        "/addresses/0/city",
        "/addresses/0/company",
        "/addresses/0/firstname",
        "/addresses/0/lastname",
        "/addresses/0/postcode",
        "/addresses/0/street/0",
        "/addresses/0/telephone",
        "/addresses/0/vat_id",
        "/confirmation",
        "/custom_attributes/0/value",
        "/dob",
        "/email",
        "/extension_attributes/company_attributes/job_title",
        "/extension_attributes/company_attributes/telephone",
        "/firstname",
        "/lastname",
        "/taxvat",
    ] {
        assert_eq!(rest.pointer(pointer), Some(&json!("sealed")), "{pointer}");
    }
    assert_eq!(personal(&customer, &COMMERCE).len(), 17);
}

#[test]
fn what_moves_by_itself_is_no_content() {
    let mut order = parse(ORDERS[0]);
    let before = content(&order);
    order["updated_at"] = "2030-01-01 00:00:00".into();
    order["items"][0]["updated_at"] = "2030-01-01 00:00:00".into();
    order["extension_attributes"]["shipping_assignments"][0]["items"][0]["updated_at"] = "2030-01-01 00:00:00".into();
    order["status_histories"] = Value::Array(Vec::new());
    order["email_sent"] = 1.into();
    assert_eq!(content(&order), before);

    let mut customer = parse(CUSTOMER);
    let before = content(&customer);
    customer["extension_attributes"]["last_login_at"] = json!("2030-01-01 00:00:00");
    assert_eq!(content(&customer), before);
    customer["addresses"][0]["city"] = json!("Moss");
    assert_ne!(content(&customer), before);

    let mut memo = parse(MEMO);
    let before = content(&memo);
    memo["comments"] = json!([{ "comment": "Kari rang", "created_at": "2026-11-22 12:00:00" }]);
    assert_eq!(content(&memo), before);
    assert!(personal(&memo, &COMMERCE).contains(&"Kari rang".to_owned()));
    memo["adjustment_positive"] = json!(1);
    assert_ne!(content(&memo), before);
}

#[test]
fn everything_else_is_content() {
    let order = parse(ORDERS[0]);
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
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match other.pointer_mut(parent).unwrap() {
            Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
            object => object[name] = value,
        }
        assert_ne!(content(&other), before, "{pointer}");
    }
}

#[test]
fn a_list_and_a_single_read_give_the_same() {
    for text in ORDERS {
        let once = content(&parse(text));
        assert_eq!(read(text, &COMMERCE).unwrap().content, once);
        assert_eq!(read(&once, &COMMERCE).unwrap().content, once);
        let page = commerce::page::Page::decode(
            commerce::entity::Entity::Order,
            format!("{{\"items\":[{text}],\"total_count\":1}}").as_bytes(),
        );
        assert_eq!(read(&page.unwrap().items[0].text, &COMMERCE).unwrap().content, once);
    }
}

#[test]
fn a_customer_of_visma_is_one_whatever_moves() {
    let one = json!({
        "number": "10000", "name": "Kari Nordmann", "status": "Active", "corporateId": "",
        "mainContact": { "contactId": 1, "email": " Kari@Example.NO ", "fax": null },
        "mainAddress": { "addressId": 7, "addressLine1": "Storgata 1", "country": { "id": "NO", "name": "Norway" } },
        "directDebitLines": [{ "iban": "NL00" }],
    });
    assert_eq!(personal(&one, &VISMA_CUSTOMER), [" Kari@Example.NO ", "Kari Nordmann", "NL00", "Storgata 1"]);
    assert_eq!(known(&one, &VISMA_CUSTOMER).person.as_deref(), Some("kari@example.no"));
    let wrapped = json!({ "mainContact": { "email": { "value": "a@b.no" } } });
    assert_eq!(known(&wrapped, &VISMA_CUSTOMER).person.as_deref(), Some("a@b.no"));
    assert_eq!(known(&json!({ "mainContact": null }), &VISMA_CUSTOMER).person, None);
    let mut moved = one.clone();
    moved["metadata"] = json!({ "totalCount": 3 });
    moved["mainAddress"]["lastModifiedDateTime"] = json!("2026-11-22T10:00:00.000");
    assert_eq!(known(&moved, &VISMA_CUSTOMER).content, known(&one, &VISMA_CUSTOMER).content);
    moved["timeStamp"] = json!("AAAAAE0YIiI=");
    assert_ne!(known(&moved, &VISMA_CUSTOMER).content, known(&one, &VISMA_CUSTOMER).content, "the next PUT needs it");
    let saved = json!({ "referenceNumber": "100123", "timeStamp": "AAAAAE0YIiI=" });
    assert_eq!(known(&saved, &VISMA_DOCUMENT).content, r#"{"referenceNumber":"100123"}"#);
    let mut other = one.clone();
    other["status"] = json!("Inactive");
    assert_ne!(known(&other, &VISMA_CUSTOMER).content, known(&one, &VISMA_CUSTOMER).content);
}

#[test]
fn a_document_of_visma_keeps_its_customers_number_in_clear() {
    let invoice = json!({
        "referenceNumber": "100123", "customer": { "number": "10000", "name": "Kari Nordmann" },
        "contact": { "id": 3, "name": "Kari" }, "invoiceAddress": { "addressLine1": "Storgata 1", "country": { "id": "NO" } },
        "invoiceLines": [{ "description": "Boot", "account": { "number": "3000", "description": "Sales" } }],
        "supplier": { "number": "50000", "name": "Grossist AS" },
    });
    let sealed = ["Boot", "Grossist AS", "Kari", "Kari Nordmann", "Storgata 1"];
    assert_eq!(personal(&invoice, &VISMA_DOCUMENT), sealed);
    let texts =
        json!({ "invoiceText": "1", "note": "2", "attachments": [{ "name": "3" }], "customer": { "note": "4" } });
    assert_eq!(personal(&texts, &VISMA_DOCUMENT).len(), 4, "what people type");
    assert!(personal(&json!({ "customer": "10000" }), &VISMA_DOCUMENT).is_empty());
}
