//! Which rule decides, asked with one order after another.

use mapping::{Booking, CustomerKey};
use serde_json::{Value, json};

use crate::support::{book, changed, small_order};

/// Accounts of the lines of the small order (A, B, shipping) with one rule put before the others.
fn accounts(condition: &str, order: impl Fn(&mut Value)) -> Vec<String> {
    let rule = format!("[[account]]\nwhen = {{ {condition} }}\naccount = \"X\"\n\n# GL accounts.");
    let rules = changed(&[("# GL accounts.", &rule), ("# [[store]]", STORES), ("# [[tax_class]]", CLASSES)]);
    let mut changed = small_order();
    order(&mut changed);
    lines(&book(&changed, &rules).unwrap()).into_iter().map(|(account, _)| account).collect()
}

fn lines(booking: &Booking) -> Vec<(String, String)> {
    let lines = booking.invoice.invoice.lines.iter();
    lines.map(|line| (line.account.clone(), line.vat_code.clone())).collect()
}

const STORES: &str = "[[store]]\nid = 1\ncode = \"no\"\nwebsite = 3\n[[store]]\nid = 2\ncode = \"se\"\nwebsite = 4\n#";
const CLASSES: &str =
    "[[tax_class]]\nname = \"food\"\ntax_codes = [\"*-15\"]\n[[tax_class]]\nname = \"a\"\nskus = [\"A\"]\n#";

#[test]
fn each_condition_is_asked() {
    for (condition, expected) in [
        ("sku = \"A\"", ["X", "3010", "3060"]),
        ("sku = [\"?\", \"Z\"]", ["X", "X", "3060"]),
        ("sku = \"{A,B}*\", tax_rate = 15", ["3000", "X", "3060"]),
        ("product_type = \"simple\"", ["X", "X", "3060"]),
        ("product_type = \"virtual\"", ["3000", "3010", "3060"]),
        ("tax_rate = 25.0", ["X", "3010", "X"]),
        ("tax_rate = [15, 25]", ["X", "X", "X"]),
        ("tax_class = \"food\"", ["3000", "X", "3060"]),
        ("tax_class = \"a\"", ["X", "3010", "3060"]),
        ("store = \"no\"", ["X", "X", "X"]),
        ("store = \"se\"", ["3000", "3010", "3060"]),
        ("website = 3", ["X", "X", "X"]),
        ("website = [4]", ["3000", "3010", "3060"]),
        ("customer_group = 0", ["X", "X", "X"]),
        ("customer_group = [1, 2]", ["3000", "3010", "3060"]),
        ("country = \"NO\"", ["X", "X", "X"]),
        ("country = \"SE\"", ["3000", "3010", "3060"]),
        ("currency = \"NOK\"", ["X", "X", "X"]),
        ("payment_method = \"check*\"", ["X", "X", "X"]),
        ("payment_method = \"bank*\"", ["3000", "3010", "3060"]),
        ("line = \"shipping\", country = \"NO\"", ["3000", "3010", "X"]),
        ("line = \"item\", country = \"NO\", tax_rate = 15", ["3000", "X", "3060"]),
    ] {
        assert_eq!(accounts(condition, |_| ()), expected, "{condition}");
    }
}

#[test]
fn the_first_rule_that_holds_decides() {
    let first =
        "[[account]]\nwhen = { sku = \"A\" }\naccount = \"1\"\n[[account]]\nwhen = { sku = \"?\" }\naccount = \"2\"\n";
    let rules = changed(&[("# GL accounts.", first)]);
    let booking = book(&small_order(), &rules).unwrap();
    let accounts: Vec<String> = lines(&booking).into_iter().map(|(account, _)| account).collect();
    assert_eq!(accounts, ["1", "2", "3060"]);
}

#[test]
fn a_default_does_not_turn_liabilities_into_revenue() {
    let accounts = accounts("currency = \"NOK\"", |order| {
        order["extension_attributes"]["gift_cards_amount"] = json!(15);
        order["extension_attributes"]["reward_currency_amount"] = json!(5);
        order["grand_total"] = json!(395);
    });
    assert_eq!(accounts, ["X", "X", "X", "2910", "2920"]);
}

#[test]
fn the_country_is_that_of_the_delivery() {
    let mut order = small_order();
    let address = json!({ "country_id": "SE" });
    order["extension_attributes"]["shipping_assignments"] = json!([{ "shipping": { "address": address } }]);
    order["items"][1]["tax_percent"] = json!(12);
    order["items"][1]["tax_amount"] = json!(12);
    order["extension_attributes"]["item_applied_taxes"] = json!([]);
    (order["tax_amount"], order["grand_total"]) = (json!(72), json!(412));
    let booking = book(&order, &crate::support::default_mapping()).unwrap();
    let codes: Vec<String> = lines(&booking).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["SE25", "SE12", "SE25"]);
    assert_eq!(booking.customer.customer.address.country, "NO", "the bill still goes to Norway");
}

#[test]
fn untaxed_lines_go_by_country() {
    for (country, code) in [("NO", "5"), ("SE", "52"), ("US", "52")] {
        let mut order = small_order();
        order["billing_address"]["country_id"] = json!(country);
        for item in order["items"].as_array_mut().unwrap() {
            (item["tax_percent"], item["tax_amount"]) = (json!(0), json!(0));
        }
        order["extension_attributes"] = json!({});
        (order["tax_amount"], order["shipping_tax_amount"]) = (json!(0), json!(0));
        order["grand_total"] = json!(340);
        let booking = book(&order, &crate::support::default_mapping()).unwrap();
        assert!(lines(&booking).iter().all(|(_, found)| found == code), "{country}: {booking:?}");
    }
}

#[test]
fn lists_asked_once_per_order_reach_document_and_customer() {
    let lists = "[[branch]]\nwhen = { country = \"SE\" }\nbranch = \"2\"\n[[branch]]\nbranch = \"1\"\n\
        [[customer_class]]\nwhen = { customer_group = 0 }\nclass = \"WEB\"\n\
        [[terms]]\nwhen = { payment_method = \"check*\" }\nterms = \"14\"\n\
        [[vat_zone]]\nwhen = { country = \"NO\" }\nzone = \"01\"\n#";
    let booking = book(&small_order(), &changed(&[("# [[branch]]", lists)])).unwrap();
    let (customer, invoice) = (&booking.customer.customer, &booking.invoice.invoice);
    assert_eq!(invoice.branch.as_deref(), Some("1"));
    assert_eq!(invoice.credit_terms.as_deref(), Some("14"));
    assert_eq!(customer.class.as_deref(), Some("WEB"));
    assert_eq!(customer.credit_terms.as_deref(), Some("14"));
    assert_eq!(customer.vat_zone.as_deref(), Some("01"));
}

#[test]
fn each_segment_has_its_own_rules() {
    let segments = "segment = 2\nwhen = { sku = \"A\" }\nvalue = \"100\"\n[[dimension]]\nsegment = 2\n";
    let booking = book(&small_order(), &changed(&[("segment = 2\n", segments)])).unwrap();
    let values = |index: usize| -> Vec<(u32, String)> {
        let line = &booking.invoice.invoice.lines[index];
        line.subaccount.iter().map(|segment| (segment.id, segment.value.clone())).collect()
    };
    assert_eq!(values(0), [(1, "00".to_owned()), (2, "100".to_owned())]);
    assert_eq!(values(1), [(1, "00".to_owned()), (2, "000".to_owned())]);
}

#[test]
fn guests_are_kept_apart_by_e_mail_or_share_one_customer() {
    let mut order = small_order();
    order["customer_email"] = json!(" Kari@Example.NO ");
    let each = book(&order, &crate::support::default_mapping()).unwrap();
    assert_eq!(each.customer.key, CustomerKey::Guest("kari@example.no".to_owned()));
    assert_eq!(each.customer.customer.contact.email, "Kari@Example.NO");
    let collective = changed(&[("guests = \"each\" ", "guests = \"collective\"\ncollective_number = \"10000\" # ")]);
    let shared = book(&order, &collective).unwrap();
    assert_eq!(shared.customer.key, CustomerKey::Collective("10000".to_owned()));
    assert_eq!(shared.invoice.customer, shared.customer.key);
    assert!(shared.customer.customer.name.is_empty(), "nothing of the guest goes to a customer that is shared");

    (order["customer_is_guest"], order["customer_id"]) = (json!(0), json!(77));
    assert_eq!(book(&order, &collective).unwrap().customer.key, CustomerKey::Registered(77));
}

/// The buyer lives in Norway and has the goods sent to Sweden.
#[test]
fn a_document_carries_the_vat_zone_of_the_delivery() {
    let zones = "[[vat_zone]]\nwhen = { country = \"NO\" }\nzone = \"01\"\n[[vat_zone]]\nzone = \"02\"\n";
    let rules = changed(&[("# GL accounts.", zones)]);
    let of = |order: &Value| book(order, &rules).unwrap().invoice.invoice.vat_zone;
    let mut order = small_order();
    assert_eq!(of(&order).as_deref(), Some("01"));
    let mut address = order["billing_address"].clone();
    address["country_id"] = json!("SE");
    order["extension_attributes"]["shipping_assignments"] = json!([{ "shipping": { "address": address } }]);
    order["items"][1]["tax_percent"] = json!(25);
    order["items"][1]["tax_amount"] = json!(25);
    order["extension_attributes"]["item_applied_taxes"] = json!([]);
    order["tax_amount"] = json!(85);
    order["grand_total"] = json!(425);
    assert_eq!(of(&order).as_deref(), Some("02"));
    assert_eq!(book(&small_order(), &changed(&[])).unwrap().invoice.invoice.vat_zone, None, "the customer's own holds");
}

#[test]
fn a_closed_period_is_refused_unless_the_file_says_otherwise() {
    let moves = |rules| book(&small_order(), &rules).unwrap().invoice.next_open_period;
    assert!(!moves(changed(&[])));
    assert!(!moves(changed(&[("closed_period = \"refuse\"\n", "")])), "a file of an earlier version");
    assert!(moves(changed(&[("closed_period = \"refuse\"", "closed_period = \"next_open\"")])));
}
