//! Promises about every order that Commerce can make, not only about those that were recorded.

use commerce::order::Order;
use mapping::{Scope, Trigger};
use problem::Code;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::shop::{Algorithm, Basket, Fpt, Kind, Row, basket};
use crate::support::{book, changed, default_mapping, draws, every_order};
use crate::visma_total::{self, VatRounding, hundredths};

proptest! {
    #![proptest_config(draws(400))]

    #[test]
    fn with_pinned_vat_the_predicted_total_is_the_grand_total(basket in basket()) {
        let order = basket.order();
        let booking = book(&order, &default_mapping()).unwrap_or_else(|refusal| panic!("{refusal}\n{order}"));
        let total = hundredths(&order["grand_total"].to_string());
        prop_assert_eq!(visma_total::of(&booking.invoice.invoice, VatRounding::PerLine), total);
        let predicted = &booking.invoice.predicted;
        prop_assert_eq!(hundredths(&predicted.total.to_string()), total);
        let vat: Decimal = predicted.vat.iter().map(|amount| amount.vat).sum();
        prop_assert_eq!(hundredths(&vat.to_string()), hundredths(&order["tax_amount"].to_string()));
    }

    #[test]
    fn without_pinned_vat_the_total_is_exact_or_the_order_is_refused(basket in basket(), per_line in any::<bool>()) {
        let vat_on = if per_line { "vat_on = \"line\"" } else { "vat_on = \"document\"" };
        let rounding = if per_line { VatRounding::PerLine } else { VatRounding::PerCode };
        let mapping = changed(&[("pin_vat = true", "pin_vat = false"), ("vat_on = \"document\"", vat_on)]);
        let order = basket.order();
        match book(&order, &mapping) {
            Ok(booking) => {
                let total = hundredths(&order["grand_total"].to_string());
                prop_assert_eq!(visma_total::of(&booking.invoice.invoice, rounding), total);
                prop_assert!(booking.invoice.predicted.rounding.abs() <= Decimal::new(50, 2));
            }
            Err(refusal) => {
                let code = refusal.code;
                prop_assert!(code == Code::VatDiffers || code == Code::RoundingAboveLimit);
                prop_assert!(unusual(&basket), "an ordinary order is refused: {}\n{}", refusal, order);
            }
        }
    }

    #[test]
    fn no_number_breaks_mapping(basket in basket(), which in any::<prop::sample::Index>(), extreme in extreme()) {
        let mut order = basket.order();
        let mut numbers = Vec::new();
        collect(&mut order, &mut numbers);
        let which = which.index(numbers.len());
        *numbers[which] = serde_json::from_str(extreme).unwrap();
        if let Ok(order) = Order::decode(order.to_string().as_bytes()) {
            // Booked or refused: what matters is that there is an answer.
            for trigger in [Trigger::Placed, Trigger::Paid, Trigger::Shipped, Trigger::Invoiced] {
                let _ = mapping::order(&order, &default_mapping(), &Scope { trigger, ..every_order() });
            }
        }
    }

    #[test]
    fn mapping_is_a_function(basket in basket(), seed in any::<u64>()) {
        let (order, mapping) = (basket.order(), default_mapping());
        let first = book(&order, &mapping);
        prop_assert_eq!(&first, &book(&order, &mapping));
        prop_assert_eq!(&first, &book(&disguised(&order, seed), &mapping));
    }
}

/// One is six hundredths more than price × quantity, the other seven less, and its tax tells which.
#[test]
fn rows_that_are_cut_off_are_each_rebuilt_to_their_tax() {
    let row = |price: u32, pieces: u32, rate: usize, discount: u32| {
        let quarters = 4 * pieces;
        Row { kind: Kind::Simple, price, quarters, rate, discount, fpt: 1 }
    };
    let basket = Basket {
        rows: vec![row(83724, 12, 1, 100), row(73, 3, 0, 0), row(72212, 19, 0, 100)],
        algorithm: Algorithm::Total,
        prices_include_tax: true,
        tax_before_discount: true,
        country: 0,
        currency: 0,
        shipping: 0,
        shipping_discount: 0,
        fpt: Fpt::None,
        gift_card: 0,
        store_credit: 0,
    };
    let predicted = book(&basket.order(), &default_mapping()).unwrap().invoice.predicted;
    let vat: Vec<String> = predicted.vat.iter().map(|amount| format!("{} {}", amount.code, amount.vat)).collect();
    assert_eq!(vat, ["31 1310.46", "3 2744.49"]);
}

/// Numbers at the edges of what a decimal holds.
fn extreme() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "999999999999999999",
        "-999999999999999999",
        "9999999999",
        "-9999999999",
        "0.0000000000000000000000000001",
        "1.7763568394003e-15",
        "-0.01",
        "0",
    ])
}

/// Every number of a JSON document.
fn collect<'a>(value: &'a mut Value, numbers: &mut Vec<&'a mut Value>) {
    match value {
        Value::Number(_) => numbers.push(value),
        Value::Array(list) => list.iter_mut().for_each(|one| collect(one, numbers)),
        Value::Object(fields) => fields.values_mut().for_each(|one| collect(one, numbers)),
        _ => {}
    }
}

/// Orders whose VAT may be further from net × rate than the limit for a code: many amounts that are rounded one by one.
fn unusual(basket: &Basket) -> bool {
    let units: u32 = basket.rows.iter().map(|row| row.quarters / 4 + 1).sum();
    basket.rows.len() > 4 || basket.algorithm == Algorithm::Unit && units > 4
}

/// The same order in other words: keys in another order, keys that nobody knows, numbers spelled differently.
fn disguised(value: &Value, seed: u64) -> Value {
    match value {
        Value::Object(fields) => {
            let mut entries: Vec<(&String, &Value)> = fields.iter().collect();
            if !entries.is_empty() {
                let middle = usize::try_from(seed).unwrap_or_default() % entries.len();
                entries.rotate_left(middle);
            }
            let mut other = Map::new();
            other.insert(format!("unknown_{seed}"), json!({ "of": ["an", "extension", seed] }));
            other.extend(entries.into_iter().map(|(key, value)| (key.clone(), disguised(value, seed))));
            Value::Object(other)
        }
        Value::Array(list) => Value::Array(list.iter().map(|one| disguised(one, seed)).collect()),
        Value::Number(number) => {
            let text = number.to_string();
            let spelled = match (text.contains('.'), seed % 3) {
                (true, 0) => format!("{text}000"),
                (false, 1) => format!("{text}.0000"),
                (_, 2) => format!("{text}E0"),
                _ => text,
            };
            // Ids are whole numbers in every spelling that Commerce uses.
            if number.is_u64() { value.clone() } else { serde_json::from_str(&spelled).unwrap() }
        }
        _ => value.clone(),
    }
}
