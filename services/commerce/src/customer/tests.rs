use serde_json::{Value, json};

use super::Customer;
use crate::fixtures::{CUSTOMER_COMPANY, CUSTOMER_PERSON};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn decode(text: &str) -> Customer {
    Customer::decode(text.as_bytes()).expect("a customer")
}

#[test]
fn a_company_is_known_by_what_the_buyer_typed() {
    let customer = decode(CUSTOMER_COMPANY);
    let billing = customer.billing_address().expect("an address");
    assert_eq!(billing.company.as_deref(), Some("Testfirma Nord AS"));
    assert_eq!(billing.vat_id, customer.taxvat);
    assert_eq!(billing.country_id.as_deref(), Some("NO"));
    assert_eq!(customer.shipping_address(), customer.billing_address());
    assert_eq!(customer.company_id(), None);
}

#[test]
fn the_billing_address_is_marked_named_or_the_only_one() {
    let address = |id: u64, marked: bool| json!({ "id": id, "city": "Oslo", "default_billing": marked });
    let customer = |over: Value| {
        let mut customer = parse(CUSTOMER_PERSON);
        for (name, value) in over.as_object().expect("fields") {
            customer[name] = value.clone();
        }
        Customer::from_value(&customer).expect("a customer")
    };
    for (over, wanted) in [
        (json!({ "default_billing": "1", "addresses": [address(1, false), address(2, true)] }), Some(2)),
        (json!({ "default_billing": "2", "addresses": [address(1, false), address(2, false)] }), Some(2)),
        (json!({ "default_billing": null, "addresses": [address(1, false)] }), Some(1)),
        (json!({ "default_billing": null, "addresses": [address(1, false), address(2, false)] }), None),
        (json!({ "addresses": null }), None),
    ] {
        assert_eq!(customer(over.clone()).billing_address().and_then(|address| address.id), wanted, "{over}");
    }
}

#[test]
fn company_accounts_and_attributes_are_read() {
    let mut record = parse(CUSTOMER_PERSON);
    record["extension_attributes"] = json!({ "company_attributes": { "company_id": 4, "status": 1 } });
    record["custom_attributes"] = json!([{ "attribute_code": "org_no", "value": "999888777" },
        { "attribute_code": "interests", "value": ["a", "b"] }]);
    let customer = Customer::from_value(&record).expect("a customer");
    assert_eq!(customer.company_id(), Some(4));
    assert_eq!(customer.custom_attributes[0].value, "999888777");
    record["extension_attributes"] = json!({ "company_attributes": { "company_id": 0 } });
    assert_eq!(Customer::from_value(&record).expect("a customer").company_id(), None);
}
