//! Totals that real shops change: rounded to a whole krone, in currencies without decimals, by fees of payment modules,
//! by fixed product tax on the chosen variant, and by credit that an invoice hides.

use mapping::InvoiceCommand;
use problem::Code;
use serde_json::{Value, json};

use crate::support::{book, book_invoice, changed, credit, default_mapping, small_invoice, small_memo, small_order};

/// Lines of an invoice as `account vat amount description`.
fn lines(command: &InvoiceCommand) -> Vec<String> {
    let line = |line: &visma::invoice::InvoiceLine| {
        format!("{} {} {} {}", line.account, line.vat_code, line.amount, line.description)
    };
    command.invoice.lines.iter().map(line).collect()
}

fn vat(command: &InvoiceCommand) -> Vec<String> {
    command.predicted.vat.iter().map(|vat| format!("{} {} on {}", vat.code, vat.vat, vat.taxable)).collect()
}

fn number(literal: &str) -> Value {
    serde_json::from_str(literal).unwrap()
}

fn add(record: &mut Value, changes: &[(&str, Value)]) {
    for (key, value) in changes {
        record[*key] = value.clone();
    }
}

/// The small order, its invoice and its credit memo, each with these changes.
fn documents(changes: &[(&str, Value)]) -> (Value, Value, Value) {
    let (mut order, mut invoice, mut memo) = (small_order(), small_invoice(), small_memo());
    for document in [&mut order, &mut invoice, &mut memo] {
        add(document, changes);
    }
    (order, invoice, memo)
}

/// Returns the command that each of the three becomes.
fn commands((order, invoice, memo): &(Value, Value, Value)) -> [InvoiceCommand; 3] {
    let mapping = default_mapping();
    [
        book(order, &mapping).unwrap().invoice,
        book_invoice(invoice, order, &mapping).unwrap().invoice,
        credit(memo, order, &mapping).unwrap().credit_note,
    ]
}

#[test]
fn a_total_that_the_shop_rounded_is_booked_with_a_rounding_line() {
    for (total, rounding) in [("415.34", "0.34"), ("414.99", "-0.01"), ("415.5", "0.50"), ("414.5", "-0.50")] {
        for command in commands(&documents(&[("grand_total", number(total))])) {
            assert_eq!(command.predicted.rounding.to_string(), rounding, "{total}");
            assert!(lines(&command).contains(&format!("7740 6 {rounding} Rounding")), "{:?}", lines(&command));
            assert_eq!(vat(&command), ["3 60.00 on 240.00", "31 15.00 on 100.00", &format!("6 0.00 on {rounding}")]);
        }
    }
}

#[test]
fn more_than_the_limit_is_still_refused() {
    let (order, invoice, memo) = documents(&[("grand_total", number("415.51"))]);
    let mapping = default_mapping();
    assert_eq!(book(&order, &mapping).unwrap_err().code, Code::TotalDoesNotAddUp);
    assert_eq!(book_invoice(&invoice, &order, &mapping).unwrap_err().code, Code::TotalDoesNotAddUp);
    assert_eq!(credit(&memo, &order, &mapping).unwrap_err().code, Code::TotalDoesNotAddUp);
    let strict = changed(&[("rounding_limit = 0.50", "rounding_limit = 0")]);
    let (order, ..) = documents(&[("grand_total", number("415.01"))]);
    assert_eq!(book(&order, &strict).unwrap_err().code, Code::TotalDoesNotAddUp);
}

#[test]
fn a_subtotal_that_is_off_by_less_than_the_limit_is_rounding_too() {
    let (order, ..) = documents(&[("subtotal", number("300.3")), ("grand_total", number("415.3"))]);
    let command = book(&order, &default_mapping()).unwrap().invoice;
    assert_eq!(
        (command.predicted.total.to_string(), command.predicted.rounding.to_string()),
        ("415.30".into(), "0.30".into())
    );
}

/// An order in yen as Commerce makes them: with two decimals.
fn yen() -> Value {
    let item = |id: u64, quantity: u32, price: &str, row: &str| {
        json!({ "item_id": id, "product_type": "simple", "sku": format!("Y{id}"), "name": "Product",
            "qty_ordered": quantity, "price": number(price), "row_total": number(row), "tax_percent": 0 })
    };
    let mut order = small_order();
    add(
        &mut order,
        &[
            ("order_currency_code", json!("JPY")),
            ("base_currency_code", json!("JPY")),
            (
                "items",
                json!([
                    item(1, 1, "11961.15", "11961.15"),
                    item(2, 5, "299.4", "1497"),
                    item(3, 1, "1234.45", "1234.45")
                ]),
            ),
            ("subtotal", number("14692.6")),
            ("shipping_amount", number("1500.3")),
            ("shipping_tax_amount", json!(0)),
            ("tax_amount", json!(0)),
            ("grand_total", number("16192.9")),
            ("extension_attributes", json!({})),
        ],
    );
    order["billing_address"]["country_id"] = json!("JP");
    order
}

#[test]
fn a_limit_is_in_units_of_the_currencys_last_decimal_or_its_own() {
    let with =
        |currency: &str| changed(&[("[currency.NOK]\n", &format!("[currency.NOK]\n[currency.JPY]\n{currency}\n"))]);
    let command = book(&yen(), &with("decimals = 0")).unwrap().invoice;
    assert_eq!(
        (command.predicted.total.to_string(), command.predicted.rounding.to_string()),
        ("16193".into(), "1".into())
    );
    let strict = book(&yen(), &with("decimals = 0\nrounding_limit = 0.5")).unwrap_err();
    assert_eq!(strict.code, Code::RoundingAboveLimit, "{strict}");

    // 0.50 is 50 yen, and half a krone stays half a krone.
    let mut order = yen();
    order["grand_total"] = json!(16242);
    assert_eq!(book(&order, &with("decimals = 0")).unwrap().invoice.predicted.rounding.to_string(), "50");
    order["grand_total"] = json!(16244);
    assert_eq!(book(&order, &with("decimals = 0")).unwrap_err().code, Code::TotalDoesNotAddUp);

    let (order, ..) = documents(&[("grand_total", number("415.34"))]);
    let own = changed(&[("[currency.NOK]\n", "[currency.NOK]\nrounding_limit = 0.05\n")]);
    assert_eq!(book(&order, &own).unwrap_err().code, Code::TotalDoesNotAddUp);
}

/// The three documents with a module's fee in total and tax, shown on the order alone or on all.
fn with_fee(net: &str, tax: &str, fields: &Value, on_all: bool) -> (Value, Value, Value) {
    let sum = |amounts: [&str; 2]| {
        let sum: rust_decimal::Decimal =
            amounts.iter().map(|text| text.parse::<rust_decimal::Decimal>().unwrap()).sum();
        number(&sum.to_string())
    };
    let both = sum([net, tax]).to_string();
    let mut all = documents(&[("tax_amount", sum(["75", tax])), ("grand_total", sum(["415", &both]))]);
    for (key, value) in fields.as_object().unwrap() {
        all.0["extension_attributes"][key] = value.clone();
        if on_all {
            all.1["extension_attributes"][key] = value.clone();
            all.2["extension_attributes"][key] = value.clone();
        }
    }
    all
}

#[test]
fn fees_of_payment_modules_are_booked_with_their_tax() {
    let mollie = json!({ "mollie_payment_fee": "2.6500", "mollie_payment_fee_tax": "0.6600" });
    let qliro = json!({ "qliroone_fee": 29, "qliroone_fee_tax": 5.8 });
    for (net, tax, line, fields) in
        [("2.65", "0.66", "3900 3 2.65 Payment fee", mollie), ("23.2", "5.8", "3900 3 23.20 Invoice fee", qliro)]
    {
        for on_all in [false, true] {
            for command in commands(&with_fee(net, tax, &fields, on_all)) {
                assert!(lines(&command).contains(&line.to_owned()), "{:?}", lines(&command));
                assert_eq!(command.predicted.rounding.to_string(), "0.00");
            }
        }
    }
}

/// The items have other rates, and the module does not list its tax.
#[test]
fn a_fee_at_the_rate_of_shipping_is_taxed_at_it() {
    let mut order = small_order();
    let shipping = json!({ "type": "shipping",
        "applied_taxes": [{ "code": "NO-MVA-12", "percent": 12, "amount": number("4.8") }] });
    order["extension_attributes"]["item_applied_taxes"][2] = shipping;
    order["extension_attributes"]["qliroone_fee"] = number("11.2");
    order["extension_attributes"]["qliroone_fee_tax"] = number("1.2");
    add(&mut order, &[("shipping_tax_amount", number("4.8")), ("tax_amount", json!(71)), ("grand_total", json!(421))]);
    let command = book(&order, &default_mapping()).unwrap().invoice;
    assert!(lines(&command).contains(&"3900 33 10.00 Invoice fee".to_owned()), "{:?}", lines(&command));
}

#[test]
fn a_fee_without_tax_carries_no_vat_and_the_fee_of_a_later_invoice_is_its_own() {
    let fields = json!({ "mollie_payment_fee": "2.6500", "mollie_payment_fee_tax": "0.0000" });
    for command in commands(&with_fee("2.65", "0", &fields, false)) {
        assert!(lines(&command).contains(&"3900 5 2.65 Payment fee".to_owned()), "{:?}", lines(&command));
    }
    // An invoice without the fee, whether it says so or not.
    let (order, ..) = with_fee("2.65", "0", &fields, false);
    for own in [json!({}), json!({ "mollie_payment_fee": 0 })] {
        let mut invoice = small_invoice();
        invoice["extension_attributes"] = own;
        let command = book_invoice(&invoice, &order, &default_mapping()).unwrap().invoice;
        assert_eq!(command.predicted.total.to_string(), "415.00");
        assert!(!lines(&command).iter().any(|line| line.contains("fee")), "{:?}", lines(&command));
    }
}

#[test]
fn a_tax_that_a_module_keeps_out_of_the_documents_is_booked_with_it() {
    let fields = json!({ "svea_handling_fee": 4, "svea_handling_fee_tax": 1 });
    let (mut order, ..) = with_fee("4", "1", &fields, false);
    order["tax_amount"] = json!(75);
    let command = book(&order, &default_mapping()).unwrap().invoice;
    assert!(lines(&command).contains(&"3900 3 4.00 Invoicing fee".to_owned()), "{:?}", lines(&command));
    assert_eq!(vat(&command), ["3 61.00 on 244.00", "31 15.00 on 100.00"]);
}

#[test]
fn a_fee_that_cannot_be_read_is_refused_and_one_that_no_rule_names_too() {
    let (order, ..) = with_fee("4", "1", &json!({ "svea_handling_fee": "4,00" }), false);
    let refusal = book(&order, &default_mapping()).unwrap_err();
    assert_eq!(refusal.code, Code::FeeUnreadable);
    assert!(refusal.sentence.contains("/extension_attributes/svea_handling_fee"), "{refusal}");
    let (order, ..) = with_fee("4", "1", &json!({ "house_fee": 5, "house_fee_tax": 1 }), false);
    assert_eq!(book(&order, &default_mapping()).unwrap_err().code, Code::TotalDoesNotAddUp);
    let rule = "[[fee]]\namount = \"/extension_attributes/house_fee\"\ntax = \"/extension_attributes/house_fee_tax\"\n\
                includes_tax = true\nlabel = \"House fee\"\n\n# --- Rules ---";
    let command = book(&order, &changed(&[("# --- Rules ---", rule)])).unwrap().invoice;
    assert!(lines(&command).contains(&"3900 3 4.00 House fee".to_owned()), "{:?}", lines(&command));
}

#[test]
fn credit_that_an_old_invoice_hides_is_the_orders() {
    for (key, line) in [
        ("customer_balance_amount", "2915 6 -100.00 Store credit"),
        ("gift_cards_amount", "2910 6 -100.00 Gift card"),
        ("reward_currency_amount", "2920 6 -100.00 Reward points"),
    ] {
        let mut all = documents(&[("grand_total", json!(315))]);
        all.0["extension_attributes"][key] = json!(100);
        for command in commands(&all) {
            assert!(lines(&command).contains(&line.to_owned()), "{:?}", lines(&command));
        }
        // A part of it, on an invoice of a part.
        let mut invoice = small_invoice();
        invoice["grand_total"] = json!(355);
        let command = book_invoice(&invoice, &all.0, &default_mapping()).unwrap().invoice;
        assert_eq!(command.predicted.total.to_string(), "355.00");
        assert!(lines(&command).contains(&line.replace("-100.00", "-60.00")), "{:?}", lines(&command));
    }
}

#[test]
fn several_credits_that_are_hidden_are_told_apart_only_as_a_whole() {
    let mut all = documents(&[("grand_total", json!(265))]);
    all.0["extension_attributes"]["customer_balance_amount"] = json!(100);
    all.0["extension_attributes"]["gift_cards_amount"] = json!(50);
    let [_, invoice, memo] = commands(&all);
    for command in [invoice, memo] {
        assert!(lines(&command).contains(&"2910 6 -50.00 Gift card".to_owned()), "{:?}", lines(&command));
        assert!(lines(&command).contains(&"2915 6 -100.00 Store credit".to_owned()), "{:?}", lines(&command));
    }
    let mut invoice = small_invoice();
    invoice["grand_total"] = json!(385);
    let refusal = book_invoice(&invoice, &all.0, &default_mapping()).unwrap_err();
    assert_eq!(refusal.code, Code::TotalDoesNotAddUp, "30 of which?");
}

/// The small order whose first item is a configurable with a fixed product tax on the chosen variant.
fn variant() -> (Value, Value, Value) {
    let mut all = documents(&[("grand_total", json!(445))]);
    let taxes = "[{\"title\":\"Miljøgebyr\",\"row_amount\":30,\"row_amount_incl_tax\":30}]";
    let part = json!({ "item_id": 3, "parent_item_id": 1, "product_type": "simple", "sku": "A", "name": "Product",
        "qty_ordered": 2, "price": 0, "weee_tax_applied_row_amount": 30, "weee_tax_applied": taxes });
    all.0["items"][0]["product_type"] = json!("configurable");
    all.0["items"].as_array_mut().unwrap().push(part);
    let part = json!({ "order_item_id": 3, "sku": "A", "qty": 2, "weee_tax_applied_row_amount": 30,
        "weee_tax_applied": taxes });
    all.1["items"].as_array_mut().unwrap().push(json!({ "order_item_id": 3, "sku": "A", "qty": 2 }));
    all.2["items"].as_array_mut().unwrap().push(part);
    all
}

#[test]
fn fixed_product_tax_of_the_chosen_variant_has_a_line() {
    for command in commands(&variant()) {
        assert!(lines(&command).contains(&"3990 5 30.00 Miljøgebyr (A)".to_owned()), "{:?}", lines(&command));
    }
    // A parent that repeats it is not counted twice.
    let mut all = variant();
    all.0["items"][0]["weee_tax_applied_row_amount"] = json!(30);
    all.0["items"][0]["weee_tax_applied"] = all.0["items"][2]["weee_tax_applied"].clone();
    assert_eq!(book(&all.0, &default_mapping()).unwrap().invoice.predicted.total.to_string(), "445.00");
}

/// Magento 2.4.9 (magento2#41266): invoices and credit memos have that of other items, and none of a variant.
#[test]
fn fixed_product_tax_that_an_invoice_leaves_out_has_no_line_on_it() {
    let fpt = |command: &InvoiceCommand| lines(command).iter().filter(|line| line.starts_with("3990")).count();
    let mut all = variant();
    for document in [&mut all.1, &mut all.2] {
        document["grand_total"] = json!(415);
        document["items"][2].as_object_mut().unwrap().retain(|key, _| !key.starts_with("weee"));
    }
    let [order, invoice, memo] = commands(&all);
    assert_eq!([fpt(&order), fpt(&invoice), fpt(&memo)], [1, 0, 0]);
    // The second item has one of its own, which they do not leave out.
    let taxes = "[{\"title\":\"Batteri\",\"row_amount\":8,\"row_amount_incl_tax\":8}]";
    for document in [&mut all.0, &mut all.2] {
        document["items"][1]["weee_tax_applied_row_amount"] = json!(8);
        document["items"][1]["weee_tax_applied"] = json!(taxes);
    }
    all.0["grand_total"] = json!(453);
    (all.1["grand_total"], all.2["grand_total"]) = (json!(423), json!(423));
    let [order, invoice, memo] = commands(&all);
    assert_eq!([fpt(&order), fpt(&invoice), fpt(&memo)], [2, 1, 1]);
    assert!(lines(&invoice).contains(&"3990 5 8.00 Batteri (B)".to_owned()), "{:?}", lines(&invoice));
}

#[test]
fn entries_of_fixed_product_tax_beyond_the_rows_amount_are_not_counted() {
    let one = "{\"title\":\"Miljøgebyr\",\"row_amount\":20,\"row_amount_incl_tax\":25}";
    let other = "{\"title\":\"Batteri\",\"row_amount\":10,\"row_amount_incl_tax\":12.5}";
    for entries in [vec![one, other], vec![one, other, one, other], vec![one, one, other, other], vec![one, one, other]]
    {
        let mut all = documents(&[("grand_total", number("452.5")), ("tax_amount", number("82.5"))]);
        for (document, key) in [(&mut all.0, "items"), (&mut all.2, "items")] {
            document[key][0]["weee_tax_applied_row_amount"] = json!(30);
            document[key][0]["weee_tax_applied"] = json!(format!("[{}]", entries.join(",")));
        }
        for command in commands(&all) {
            let text = "3990 3 30.00 Miljøgebyr, Batteri (A)".to_owned();
            assert!(lines(&command).contains(&text), "{entries:?}: {:?}", lines(&command));
            assert_eq!(command.predicted.rounding.to_string(), "0.00", "{entries:?}");
        }
    }
}

#[test]
fn a_line_of_a_deleted_product_has_a_text() {
    let mut order = small_order();
    for (name, sku, product, text) in [
        (json!(null), json!(null), json!(77), "Product 77"),
        (json!(""), json!(" "), json!(null), "Item 1"),
        (json!("Lamp"), json!(null), json!(77), "Lamp"),
        (json!(null), json!("A"), json!(77), "A"),
    ] {
        add(&mut order["items"][0], &[("name", name), ("sku", sku), ("product_id", product)]);
        let command = book(&order, &default_mapping()).unwrap().invoice;
        assert_eq!(command.invoice.lines[0].description, text);
    }
}

#[test]
fn a_bundle_with_a_fixed_price_whose_parts_show_prices_is_counted_once() {
    for (price, row, rate) in
        [(70, 0, json!(null)), (70, 140, json!(null)), (70, 140, json!(25)), (100, 200, json!(25))]
    {
        let mut all = documents(&[]);
        all.0["items"][0]["product_type"] = json!("bundle");
        let part = json!({ "item_id": 3, "parent_item_id": 1, "product_type": "simple", "sku": "P", "name": "Part",
            "qty_ordered": 2, "price": price, "row_total": row, "tax_percent": rate });
        all.0["items"].as_array_mut().unwrap().push(part);
        let part = json!({ "order_item_id": 3, "sku": "P", "qty": 2, "price": price, "row_total": row });
        all.1["items"].as_array_mut().unwrap().push(part.clone());
        all.2["items"].as_array_mut().unwrap().push(part);
        for command in commands(&all) {
            assert_eq!(command.predicted.total.to_string(), "415.00");
            assert_eq!(lines(&command)[0], "3000 3 200.00 Product (A)", "{price} {row} {rate}");
        }
    }
}
