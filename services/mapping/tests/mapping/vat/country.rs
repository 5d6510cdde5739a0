//! Whose VAT it is: the tax code's country before the buyer's, and no country that is blank.

use problem::Code;
use serde_json::{Value, json};

use super::{case, expect, page, rows};
use crate::support::{book, changed, default_mapping, small_order};

/// The small order, delivered to Sweden.
fn to_sweden() -> Value {
    let mut order = small_order();
    let address = json!({ "country_id": "SE", "city": "Malmö" });
    order["extension_attributes"]["shipping_assignments"] = json!([{ "shipping": { "address": address } }]);
    order
}

fn with_codes(order: &mut Value, codes: [&str; 3]) {
    let entries = order["extension_attributes"]["item_applied_taxes"].as_array_mut().unwrap();
    for (entry, code) in entries.iter_mut().zip(codes) {
        entry["applied_taxes"][0]["code"] = json!(code);
    }
}

#[test]
fn vat_of_the_country_of_origin_is_that_countrys() {
    expect(
        &case("tax_of_origin").0,
        changed,
        &[["3000", "3", "100.00"], ["3060", "3", "50.00"]],
        &[["3", "150.00", "37.50"]],
    );
}

#[test]
fn tax_codes_are_read_in_small_letters_and_with_other_separators() {
    for codes in [["no-mva-25", "no-mva-15", "no-mva-25"], ["NO_25", "NO 15", "NO25"], ["NO-25", "NO-15", ""]] {
        let mut order = to_sweden();
        with_codes(&mut order, codes);
        expect(
            &order,
            changed,
            &[["3000", "3", "200.00"], ["3010", "31", "100.00"], ["3060", "3", "40.00"]],
            &[["3", "240.00", "60.00"], ["31", "100.00", "15.00"]],
        );
    }
}

#[test]
fn codes_that_the_file_does_not_know_leave_it_to_the_delivery() {
    let mut order = to_sweden();
    with_codes(&mut order, ["Standard", "Reduced", "NOrdic"]);
    (order["items"][1]["tax_percent"], order["items"][1]["tax_amount"]) = (json!(12), json!(12));
    order["extension_attributes"]["item_applied_taxes"][1]["applied_taxes"][0]["percent"] = json!(12);
    (order["tax_amount"], order["grand_total"]) = (json!(72), json!(412));
    let (_, vat) = page(&book(&order, &default_mapping()).unwrap().invoice);
    assert_eq!(vat, rows(&[["SE25", "240.00", "60.00"], ["SE12", "100.00", "12.00"]]));
    // So does a file without the list.
    let mut old = mapping::DEFAULT.to_owned();
    while let (Some(from), Some(to)) = (old.find("[[tax_code]]"), old.find("# --- Rules ---")) {
        old.replace_range(from..to, "");
    }
    let booking = book(&case("tax_of_origin").0, &mapping::Mapping::parse(&old).unwrap()).unwrap();
    assert_eq!(page(&booking.invoice).1, rows(&[["SE25", "150.00", "37.50"]]));
}

#[test]
fn a_line_without_tax_is_of_the_country_that_all_codes_of_the_order_name() {
    let mut order = to_sweden();
    (order["items"][1]["tax_percent"], order["items"][1]["tax_amount"]) = (json!(0), json!(0));
    order["extension_attributes"]["item_applied_taxes"].as_array_mut().unwrap().remove(1);
    (order["tax_amount"], order["grand_total"]) = (json!(60), json!(400));
    expect(
        &order,
        changed,
        &[["3000", "3", "200.00"], ["3100", "5", "100.00"], ["3060", "3", "40.00"]],
        &[["3", "240.00", "60.00"], ["5", "100.00", "0.00"]],
    );
}

#[test]
fn dimensions_and_customers_keep_the_country_of_the_delivery() {
    let zones = "[[vat_zone]]\nwhen = { country = \"SE\" }\nzone = \"SE\"\n[[vat_zone]]\nzone = \"X\"\n# [[branch]]";
    let segment = "segment = 2\nwhen = { country = \"SE\" }\nvalue = \"SE\"\n[[dimension]]\nsegment = 2\n";
    let booking = book(&to_sweden(), &changed(&[("# [[branch]]", zones), ("segment = 2\n", segment)])).unwrap();
    assert_eq!(booking.customer.customer.vat_zone.as_deref(), Some("SE"));
    assert!(booking.invoice.invoice.lines.iter().all(|line| line.subaccount[1].value == "SE"));
}

#[test]
fn a_line_of_two_countries_is_refused() {
    let mut order = small_order();
    let taxes = json!([
        { "code": "NO-MVA-25", "percent": 25, "amount": 50 },
        { "code": "SE-MOMS-25", "percent": 25, "amount": 50 },
    ]);
    order["extension_attributes"]["item_applied_taxes"][0]["applied_taxes"] = taxes;
    let refusal = book(&order, &default_mapping()).unwrap_err();
    assert_eq!(refusal.code, Code::NoCountry, "{refusal}");
    assert!(refusal.sentence.contains("NO-MVA-25, SE-MOMS-25"), "{refusal}");
}

#[test]
fn a_blank_country_is_none() {
    for name in ["country_empty", "country_blank"] {
        expect(&case(name).0, changed, &[["3100", "5", "100.00"]], &[["5", "100.00", "0.00"]]);
    }
    let refusal = book(&case("countries_both_empty").0, &default_mapping()).unwrap_err();
    assert_eq!(refusal.code, Code::NoCountry, "{refusal}");
}
