//! Documents through the wire and back: the same, digit for digit. `1.50` and `1.5` are one amount and two texts, and
//! the body that is sent to Visma is hashed.

use proptest::prelude::*;
use proto::{CustomerData, Invoice, Malformed, Message as _};
use rust_decimal::Decimal;
use visma::customer::{Address, Contact, Customer};
use visma::invoice::{self, InvoiceLine, Segment, TaxDetail};

prop_compose! {
    /// Any decimal that there is: 96 bits, any scale, either sign, zeros with a sign and a scale among them.
    fn decimal()(
        mantissa in prop_oneof![Just(0_i128), -1_000_000_i128..1_000_000, -(1_i128 << 96) + 1..(1_i128 << 96)],
        scale in 0_u32..=28,
    ) -> Decimal {
        Decimal::from_i128_with_scale(mantissa, scale)
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "\\PC{0,20}", Just("Bø & Sønn\n\"1\"".to_owned())]
}

fn optional() -> impl Strategy<Value = Option<String>> {
    // Empty and absent are two things.
    prop_oneof![Just(None), text().prop_map(Some)]
}

prop_compose! {
    fn line()(
        (description, account, vat_code) in (text(), text(), text()),
        (quantity, unit_price, amount) in (decimal(), decimal(), decimal()),
        subaccount in prop::collection::vec((any::<u32>(), text()), 0..3),
        branch in optional(),
    ) -> InvoiceLine {
        let subaccount = subaccount.into_iter().map(|(id, value)| Segment { id, value }).collect();
        InvoiceLine { description, quantity, unit_price, amount, account, vat_code, subaccount, branch }
    }
}

prop_compose! {
    fn tax()(vat_code in text(), taxable in decimal(), vat in decimal()) -> TaxDetail {
        TaxDetail { vat_code, taxable, vat }
    }
}

prop_compose! {
    fn any_invoice()(
        (external_reference, document_date, currency, text) in (text(), text(), text(), text()),
        (financial_period, credit_terms, customer_reference) in (optional(), optional(), optional()),
        (note, branch, vat_zone) in (optional(), optional(), optional()),
        exchange_rate in prop::option::of(decimal()),
        hold in any::<bool>(),
        lines in prop::collection::vec(line(), 0..4),
        tax_details in prop::collection::vec(tax(), 0..3),
    ) -> invoice::Invoice {
        invoice::Invoice {
            external_reference, document_date, financial_period, currency, exchange_rate, credit_terms,
            customer_reference, text, note, branch, vat_zone, hold, lines, tax_details,
        }
    }
}

prop_compose! {
    fn any_customer()(
        (name, contact_name, email) in (text(), text(), text()),
        (class, currency, credit_terms, vat_zone) in (optional(), optional(), optional(), optional()),
        (corporate_id, vat_registration_id, phone) in (optional(), optional(), optional()),
        lines in prop::collection::vec(text(), 0..4),
        (postal_code, city, country) in (text(), text(), text()),
    ) -> Customer {
        Customer {
            name, class, currency, credit_terms, vat_zone, corporate_id, vat_registration_id,
            contact: Contact { name: contact_name, email, phone },
            address: Address { lines, postal_code, city, country },
        }
    }
}

proptest! {
    #[test]
    fn an_invoice_comes_through_digit_for_digit(before in any_invoice()) {
        let wire = Invoice::from(before.clone()).encode_to_vec();
        let after = invoice::Invoice::try_from(Invoice::decode(wire.as_slice()).unwrap()).unwrap();
        // As text too: decimals that are equal may be written differently.
        prop_assert_eq!(format!("{before:?}"), format!("{after:?}"));
        prop_assert_eq!(before, after);
    }

    #[test]
    fn a_customer_comes_through(before in any_customer()) {
        let wire = CustomerData::from(before.clone()).encode_to_vec();
        prop_assert_eq!(Customer::from(CustomerData::decode(wire.as_slice()).unwrap()), before);
    }
}

#[test]
fn what_is_no_amount_is_refused_with_its_field() {
    let line = |quantity: &str, unit_price: &str, amount: &str| Invoice {
        lines: vec![proto::InvoiceLine {
            quantity: quantity.to_owned(),
            unit_price: unit_price.to_owned(),
            amount: amount.to_owned(),
            ..proto::InvoiceLine::default()
        }],
        ..Invoice::default()
    };
    let tax = |taxable: &str, vat: &str| Invoice {
        tax_details: vec![proto::TaxDetail {
            taxable: taxable.to_owned(),
            vat: vat.to_owned(),
            ..proto::TaxDetail::default()
        }],
        ..Invoice::default()
    };
    let refused = |invoice: Invoice| invoice::Invoice::try_from(invoice).unwrap_err();
    assert_eq!(refused(line("", "1", "1")), Malformed::Decimal("quantity"));
    assert_eq!(refused(line("1", "1,5", "1")), Malformed::Decimal("unit_price"));
    assert_eq!(refused(line("1", "1", "NaN")), Malformed::Decimal("amount"));
    assert_eq!(refused(tax("1e999", "1")), Malformed::Decimal("taxable"));
    assert_eq!(refused(tax("1", "one")), Malformed::Decimal("vat"));
    let rate = Invoice { exchange_rate: Some(String::new()), ..Invoice::default() };
    assert_eq!(refused(rate), Malformed::Decimal("exchange_rate"));
}
